package peer;

import com.azure.json.JsonProviders;
import com.azure.json.JsonReader;
import com.azure.json.JsonWriter;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A peer of the live tests: the Java SDKs behind one loop. A line of JSON asks, a line of JSON answers, as described in
 * ../README.md. Everything an SDK throws is an answer; only a broken line ends the loop.
 */
public final class Peer {
    private static final Map<String, Sdk> SDKS =
            Map.of("azure-storage-blob-cryptography", new CurrentSdk(), "azure-storage", new LegacySdk());

    private Peer() {}

    public static void main(String[] arguments) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        // what a library prints must not pass for an answer
        System.setOut(System.err);
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answers.println(json(answer(new Request(parsed(line)))));
            answers.flush();
        }
        // the clients leave threads behind
        System.exit(0);
    }

    private static Map<String, Object> answer(Request request) {
        try {
            return Map.of("value", SDKS.get(request.text("sdk")).run(request.text("action"), request));
        } catch (Throwable error) {
            return Map.of("error", chainOf(error));
        }
    }

    /** An SDK wraps what went wrong; the cause is what a test wants to see. */
    private static List<String> chainOf(Throwable error) {
        List<String> causes = new ArrayList<>();
        for (Throwable at = error; at != null && causes.size() < 5; at = at.getCause()) {
            causes.add(at.getClass().getSimpleName() + ": " + at.getMessage());
        }
        return causes;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> parsed(String line) throws IOException {
        try (JsonReader reader = JsonProviders.createReader(line)) {
            return (Map<String, Object>) reader.readUntyped();
        }
    }

    static String json(Map<String, Object> value) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonWriter writer = JsonProviders.createWriter(text)) {
            writer.writeUntyped(value).flush();
        }
        return text.toString();
    }
}
