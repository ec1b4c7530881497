package peer;

import com.microsoft.azure.storage.CloudStorageAccount;
import com.microsoft.azure.storage.RequestOptions;
import com.microsoft.azure.storage.RetryNoRetry;
import java.util.Map;

/** com.microsoft.azure:azure-storage: blobs, messages and entities, all in 1.0. */
final class LegacySdk implements Sdk {
    @Override
    public Map<String, Object> run(String action, Request request) throws Exception {
        return switch (action) {
            case "version" -> Map.of("version",
                    com.microsoft.azure.storage.Constants.HeaderConstants.USER_AGENT_VERSION);
            case "blob.write" -> LegacyBlobs.write(request);
            case "blob.read" -> LegacyBlobs.read(request);
            case "queue.write" -> LegacyQueues.write(request);
            case "queue.read" -> LegacyQueues.read(request);
            case "table.write" -> LegacyTables.write(request);
            case "table.read" -> LegacyTables.read(request);
            case "table.query" -> LegacyTables.query(request);
            default -> throw new UnsupportedOperationException("this SDK has no " + action);
        };
    }

    static CloudStorageAccount accountOf(Request request) throws Exception {
        Request account = request.object("account");
        return CloudStorageAccount.parse("DefaultEndpointsProtocol=http;AccountName=" + account.text("name")
                + ";AccountKey=" + account.text("key") + ";BlobEndpoint=" + account.text("blob") + ";QueueEndpoint="
                + account.text("queue") + ";TableEndpoint=" + account.text("table"));
    }

    /** Failures have to show at once. */
    static <T extends RequestOptions> T armed(T options, Request request) {
        options.setRetryPolicyFactory(new RetryNoRetry());
        options.setRequireEncryption(request.flag("requireEncryption", true));
        return options;
    }
}
