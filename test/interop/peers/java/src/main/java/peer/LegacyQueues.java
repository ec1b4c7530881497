package peer;

import com.microsoft.azure.storage.queue.CloudQueue;
import com.microsoft.azure.storage.queue.CloudQueueMessage;
import com.microsoft.azure.storage.queue.MessageUpdateFields;
import com.microsoft.azure.storage.queue.QueueEncryptionPolicy;
import com.microsoft.azure.storage.queue.QueueRequestOptions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;

/** Messages: text as it is, or bytes. */
final class LegacyQueues {
    private LegacyQueues() {}

    static Map<String, Object> write(Request request) throws Exception {
        CloudQueue queue = queueOf(request);
        CloudQueueMessage sent = null;
        for (Map<String, Object> given : request.objects("contents")) {
            sent = messageOf(new Request(given));
            queue.addMessage(sent, 0, 0, optionsOf(request), null);
        }
        if (request.has("updateTo")) {
            CloudQueueMessage changed = messageOf(request.object("updateTo"));
            sent.setMessageContent(changed.getMessageContentAsByte());
            queue.updateMessage(sent, 0, EnumSet.of(MessageUpdateFields.CONTENT, MessageUpdateFields.VISIBILITY),
                    optionsOf(request), null);
        }
        return Map.of();
    }

    static Map<String, Object> read(Request request) throws Exception {
        CloudQueue queue = queueOf(request);
        int count = request.number("count").intValue();
        Iterable<CloudQueueMessage> found = request.flag("peek", false)
                ? queue.peekMessages(count, optionsOf(request), null)
                : queue.retrieveMessages(count, 30, optionsOf(request), null);
        List<Object> contents = new ArrayList<>();
        for (CloudQueueMessage message : found) {
            // the SDK answers `null` for an empty text
            contents.add(request.text("encoding").equals("bytes")
                    ? Map.of("bytes", Request.base64(message.getMessageContentAsByte()))
                    : Collections.singletonMap("text", message.getMessageContentAsString()));
        }
        return Map.of("contents", contents);
    }

    private static CloudQueue queueOf(Request request) throws Exception {
        CloudQueue queue =
                LegacySdk.accountOf(request).createCloudQueueClient().getQueueReference(request.text("queue"));
        // says what is done to messages that are not encrypted
        queue.setShouldEncodeMessage(false);
        return queue;
    }

    private static CloudQueueMessage messageOf(Request given) {
        return given.has("text") ? new CloudQueueMessage(given.text("text")) : new CloudQueueMessage(given.bytes("bytes"));
    }

    private static QueueRequestOptions optionsOf(Request request) {
        QueueRequestOptions options = LegacySdk.armed(new QueueRequestOptions(), request);
        options.setEncryptionPolicy(new QueueEncryptionPolicy(LegacyKey.keyOf(request), LegacyKey.resolverOf(request)));
        return options;
    }
}
