package peer;

import com.microsoft.azure.storage.blob.BlobEncryptionPolicy;
import com.microsoft.azure.storage.blob.BlobRequestOptions;
import com.microsoft.azure.storage.blob.CloudBlob;
import com.microsoft.azure.storage.blob.CloudBlobContainer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Map;

/** Block and page blobs. */
final class LegacyBlobs {
    private LegacyBlobs() {}

    static Map<String, Object> write(Request request) throws Exception {
        byte[] content = request.bytes("content");
        CloudBlobContainer container = containerOf(request);
        String name = request.text("blob");
        CloudBlob blob = request.flag("pages", false)
                ? container.getPageBlobReference(name) : container.getBlockBlobReference(name);
        blob.setMetadata(request.strings("metadata"));
        BlobRequestOptions options = optionsOf(request);
        if (request.has("sizes")) {
            Request sizes = request.object("sizes");
            blob.setStreamWriteSizeInBytes(sizes.number("block").intValue());
            options.setSingleBlobPutThresholdInBytes(sizes.number("singlePut").intValue());
        }
        blob.upload(new ByteArrayInputStream(content), content.length, null, options, null);
        return Map.of();
    }

    static Map<String, Object> read(Request request) throws Exception {
        CloudBlob blob = containerOf(request).getBlobReferenceFromServer(request.text("blob"));
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        if (request.has("offset")) {
            blob.downloadRange(request.number("offset"), request.number("count"), content, null, optionsOf(request), null);
        } else {
            blob.download(content, null, optionsOf(request), null);
        }
        return Map.of("content", Request.base64(content.toByteArray()), "metadata", blob.getMetadata());
    }

    private static CloudBlobContainer containerOf(Request request) throws Exception {
        return LegacySdk.accountOf(request).createCloudBlobClient().getContainerReference(request.text("container"));
    }

    private static BlobRequestOptions optionsOf(Request request) {
        BlobRequestOptions options = LegacySdk.armed(new BlobRequestOptions(), request);
        options.setEncryptionPolicy(new BlobEncryptionPolicy(LegacyKey.keyOf(request), LegacyKey.resolverOf(request)));
        // it would compare plaintext with the hash of the ciphertext
        options.setDisableContentMD5Validation(true);
        return options;
    }
}
