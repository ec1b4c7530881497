package peer;

import com.azure.core.util.BinaryData;
import com.azure.core.util.Context;
import com.azure.core.util.CoreUtils;
import com.azure.storage.blob.BlobClient;
import com.azure.storage.blob.BlobClientBuilder;
import com.azure.storage.blob.models.ParallelTransferOptions;
import com.azure.storage.blob.options.BlobParallelUploadOptions;
import com.azure.storage.blob.specialized.cryptography.EncryptedBlobClientBuilder;
import com.azure.storage.common.StorageSharedKeyCredential;
import com.azure.storage.common.policy.RequestRetryOptions;
import com.azure.storage.common.policy.RetryPolicyType;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The current SDK's own transfers, for bench/peer.bench.ts: one JSON order a line on standard input, one JSON answer a line.
 *
 *     {"url", "direction": "upload" | "download", "kind": "plain" | "1.0" | "2.0", "length", "concurrency"}
 *     {"seconds", "cpuSeconds"}
 *
 * The first line that is printed names the versions.
 */
public final class Transfers {
    private static final long BLOCK_LENGTH = 4 * 1024 * 1024;
    /** Transfers of each kind before the first that counts: the compiler of the JVM takes its time. */
    private static final int WARM_UP = 4;
    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final Set<String> WARM = new HashSet<>();
    private static byte[] content = new byte[0];

    private Transfers() {}

    public static void main(String[] arguments) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        answers.println(Peer.json(Map.of("java", System.getProperty("java.version"), "azure-storage-blob-cryptography",
                CoreUtils.getProperties("azure-storage-blob-cryptography.properties").get("version"))));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answers.println(Peer.json(measured(new Request(Peer.parsed(line)))));
        }
        // the clients leave threads behind
        System.exit(0);
    }

    private static Map<String, Object> measured(Request order) {
        int length = Math.toIntExact(order.number("length"));
        if (content.length != length) {
            content = new byte[length];
            Arrays.fill(content, (byte) 'b');
        }
        BlobClient client = clientOf(order);
        if (WARM.add(order.text("direction") + order.text("kind"))) {
            for (int time = 0; time < WARM_UP; time++) {
                transfer(client, order);
            }
        }
        long started = System.nanoTime();
        long cpu = PROCESS.getProcessCpuTime();
        transfer(client, order);
        return Map.of("seconds", (System.nanoTime() - started) / 1e9,
                "cpuSeconds", (PROCESS.getProcessCpuTime() - cpu) / 1e9);
    }

    private static void transfer(BlobClient client, Request order) {
        if (order.text("direction").equals("upload")) {
            ParallelTransferOptions parallel = new ParallelTransferOptions().setBlockSizeLong(BLOCK_LENGTH)
                    .setMaxSingleUploadSizeLong(BLOCK_LENGTH).setMaxConcurrency(Math.toIntExact(order.number("concurrency")));
            client.uploadWithResponse(new BlobParallelUploadOptions(BinaryData.fromBytes(content))
                    .setParallelTransferOptions(parallel), null, Context.NONE);
            return;
        }
        // to memory the SDK has no parallel download: one request
        ByteArrayOutputStream found = new ByteArrayOutputStream(content.length);
        client.downloadStream(found);
        if (found.size() != content.length) {
            throw new IllegalStateException(found.size() + " bytes instead of " + content.length);
        }
    }

    private static BlobClient clientOf(Request order) {
        String kind = order.text("kind");
        String name = kind + "-" + order.number("length");
        StorageSharedKeyCredential credential = new StorageSharedKeyCredential("bench", "YmVuY2g=");
        RequestRetryOptions once = new RequestRetryOptions(RetryPolicyType.FIXED, 1, (Integer) null, null, null, null);
        if (kind.equals("plain")) {
            return new BlobClientBuilder().endpoint(order.text("url")).containerName("bench").blobName(name)
                    .credential(credential).retryOptions(once).buildClient();
        }
        return new EncryptedBlobClientBuilder(CurrentSdk.VERSIONS.get(kind)).endpoint(order.text("url"))
                .containerName("bench").blobName(name).credential(credential).retryOptions(once)
                .key(CurrentSdk.asSdkKey(benchKey()), "A256KW").requiresEncryption(true).buildEncryptedBlobClient();
    }

    /** The bench's key. */
    private static Key benchKey() {
        Map<String, Object> given = new HashMap<>();
        given.put("id", "bench:2026");
        given.put("algorithm", "A256KW");
        given.put("secret", Request.base64("benchbenchbenchbenchbenchbenchbe".getBytes(StandardCharsets.US_ASCII)));
        return new Key(new Request(given));
    }
}
