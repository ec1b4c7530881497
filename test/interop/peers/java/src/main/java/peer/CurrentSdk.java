package peer;

import com.azure.core.cryptography.AsyncKeyEncryptionKey;
import com.azure.core.cryptography.AsyncKeyEncryptionKeyResolver;
import com.azure.core.util.BinaryData;
import com.azure.core.util.Context;
import com.azure.core.util.CoreUtils;
import com.azure.storage.blob.models.BlobDownloadResponse;
import com.azure.storage.blob.models.BlobRange;
import com.azure.storage.blob.models.DownloadRetryOptions;
import com.azure.storage.blob.models.ParallelTransferOptions;
import com.azure.storage.blob.options.BlobParallelUploadOptions;
import com.azure.storage.blob.specialized.cryptography.BlobClientSideEncryptionOptions;
import com.azure.storage.blob.specialized.cryptography.EncryptedBlobClient;
import com.azure.storage.blob.specialized.cryptography.EncryptedBlobClientBuilder;
import com.azure.storage.blob.specialized.cryptography.EncryptionVersion;
import com.azure.storage.common.StorageSharedKeyCredential;
import com.azure.storage.common.policy.RequestRetryOptions;
import com.azure.storage.common.policy.RetryPolicyType;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import reactor.core.publisher.Mono;

/** com.azure:azure-storage-blob-cryptography: block blobs in every version of the protocol. */
final class CurrentSdk implements Sdk {
    static final Map<String, EncryptionVersion> VERSIONS =
            Map.of("1.0", EncryptionVersion.V1, "2.0", EncryptionVersion.V2, "2.1", EncryptionVersion.V2_1);

    @Override
    public Map<String, Object> run(String action, Request request) {
        return switch (action) {
            case "version" -> Map.of("version",
                    CoreUtils.getProperties("azure-storage-blob-cryptography.properties").get("version"));
            case "blob.write" -> write(request);
            case "blob.read" -> read(request);
            default -> throw new UnsupportedOperationException("this SDK has no " + action);
        };
    }

    private static Map<String, Object> write(Request request) {
        BlobParallelUploadOptions options = new BlobParallelUploadOptions(BinaryData.fromBytes(request.bytes("content")));
        if (request.has("metadata")) {
            options.setMetadata(request.strings("metadata"));
        }
        if (request.has("sizes")) {
            Request sizes = request.object("sizes");
            options.setParallelTransferOptions(new ParallelTransferOptions()
                    .setBlockSizeLong(sizes.number("block")).setMaxSingleUploadSizeLong(sizes.number("singlePut")));
        }
        clientOf(request).uploadWithResponse(options, null, Context.NONE);
        return Map.of();
    }

    private static Map<String, Object> read(Request request) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        BlobRange range = request.has("offset") ? new BlobRange(request.number("offset"), request.number("count")) : null;
        // a failed decryption passes for a broken connection otherwise, and is tried again for half a minute
        DownloadRetryOptions once = new DownloadRetryOptions().setMaxRetryRequests(0);
        BlobDownloadResponse response =
                clientOf(request).downloadStreamWithResponse(content, range, once, null, false, null, Context.NONE);
        return Map.of("content", Request.base64(content.toByteArray()),
                "metadata", response.getDeserializedHeaders().getMetadata());
    }

    private static EncryptedBlobClient clientOf(Request request) {
        Request account = request.object("account");
        EncryptedBlobClientBuilder builder =
                new EncryptedBlobClientBuilder(VERSIONS.get(request.has("protocol") ? request.text("protocol") : "2.0"))
                        .endpoint(account.text("blob"))
                        .containerName(request.text("container"))
                        .blobName(request.text("blob"))
                        .credential(new StorageSharedKeyCredential(account.text("name"), account.text("key")))
                        .retryOptions(new RequestRetryOptions(RetryPolicyType.FIXED, 1, (Integer) null, null, null, null))
                        .requiresEncryption(request.flag("requireEncryption", true));
        Request given = request.object("key");
        AsyncKeyEncryptionKeyResolver keys = given.has("vault") ? VaultKeys.of(given) : resolverOf(new Key(given));
        if (request.flag("resolve", false)) {
            builder.keyResolver(keys);
        } else {
            builder.key(keys.buildAsyncKeyEncryptionKey(given.text("id")).block(), given.text("algorithm"));
        }
        if (request.has("regionLength")) {
            builder.clientSideEncryptionOptions(new BlobClientSideEncryptionOptions()
                    .setAuthenticatedRegionDataLengthInBytes(request.number("regionLength")));
        }
        return builder.buildEncryptedBlobClient();
    }

    private static AsyncKeyEncryptionKeyResolver resolverOf(Key key) {
        return id -> id.equals(key.id) ? Mono.just(asSdkKey(key)) : Mono.empty();
    }

    static AsyncKeyEncryptionKey asSdkKey(Key key) {
        return new AsyncKeyEncryptionKey() {
            @Override
            public Mono<String> getKeyId() {
                return Mono.just(key.id);
            }

            @Override
            public Mono<byte[]> wrapKey(String algorithm, byte[] contentKey) {
                return Mono.fromCallable(() -> key.wrap(contentKey));
            }

            @Override
            public Mono<byte[]> unwrapKey(String algorithm, byte[] wrapped) {
                return Mono.fromCallable(() -> key.unwrap(wrapped, algorithm));
            }
        };
    }
}
