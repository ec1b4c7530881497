package peer;

import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a line of JSON asked for. */
final class Request {
    private final Map<String, Object> fields;

    Request(Map<String, Object> fields) {
        this.fields = fields;
    }

    boolean has(String name) {
        return fields.get(name) != null;
    }

    String text(String name) {
        return (String) fields.get(name);
    }

    boolean flag(String name, boolean otherwise) {
        return has(name) ? (Boolean) fields.get(name) : otherwise;
    }

    Long number(String name) {
        return has(name) ? Long.valueOf(((Number) fields.get(name)).longValue()) : null;
    }

    byte[] bytes(String name) {
        return Base64.getDecoder().decode(text(name));
    }

    @SuppressWarnings("unchecked")
    Request object(String name) {
        return new Request((Map<String, Object>) fields.get(name));
    }

    @SuppressWarnings("unchecked")
    List<Map<String, Object>> objects(String name) {
        return (List<Map<String, Object>>) fields.get(name);
    }

    HashMap<String, String> strings(String name) {
        HashMap<String, String> found = new HashMap<>();
        if (has(name)) {
            object(name).fields.forEach((key, value) -> found.put(key, (String) value));
        }
        return found;
    }

    Map<String, Object> fields() {
        return fields;
    }

    static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
