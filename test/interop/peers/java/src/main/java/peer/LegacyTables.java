package peer;

import com.microsoft.azure.storage.table.CloudTable;
import com.microsoft.azure.storage.table.DynamicTableEntity;
import com.microsoft.azure.storage.table.EdmType;
import com.microsoft.azure.storage.table.EntityProperty;
import com.microsoft.azure.storage.table.TableBatchOperation;
import com.microsoft.azure.storage.table.TableEncryptionPolicy;
import com.microsoft.azure.storage.table.TableOperation;
import com.microsoft.azure.storage.table.TableQuery;
import com.microsoft.azure.storage.table.TableRequestOptions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** Entities, in the shape that ../README.md describes. */
final class LegacyTables {
    private LegacyTables() {}

    static Map<String, Object> write(Request request) throws Exception {
        TableBatchOperation operations = new TableBatchOperation();
        for (Map<String, Object> given : request.objects("entities")) {
            operations.add(operationOf(request, entityOf(new Request(given))));
        }
        CloudTable table = tableOf(request);
        if (request.flag("batch", false)) {
            table.execute(operations, optionsOf(request), null);
        } else {
            for (TableOperation operation : operations) {
                table.execute(operation, optionsOf(request), null);
            }
        }
        return Map.of();
    }

    static Map<String, Object> read(Request request) throws Exception {
        TableOperation retrieve = TableOperation.retrieve(
                request.text("partitionKey"), request.text("rowKey"), DynamicTableEntity.class);
        DynamicTableEntity found = tableOf(request).execute(retrieve, optionsOf(request), null).getResultAsType();
        return Map.of("entity", shown(found));
    }

    static Map<String, Object> query(Request request) throws Exception {
        TableQuery<DynamicTableEntity> query = TableQuery.from(DynamicTableEntity.class);
        if (request.has("filter")) {
            query.where(request.text("filter"));
        }
        if (request.has("select")) {
            query.select(request.text("select").split(","));
        }
        List<Object> entities = new ArrayList<>();
        for (DynamicTableEntity found : tableOf(request).execute(query, optionsOf(request), null)) {
            entities.add(shown(found));
        }
        return Map.of("entities", entities);
    }

    private static TableOperation operationOf(Request request, DynamicTableEntity entity) {
        return switch (request.has("verb") ? request.text("verb") : "insert") {
            case "insert" -> TableOperation.insert(entity);
            case "upsert" -> TableOperation.insertOrReplace(entity);
            case "replace" -> {
                entity.setEtag("*");
                yield TableOperation.replace(entity);
            }
            case "merge" -> {
                entity.setEtag("*");
                yield TableOperation.merge(entity);
            }
            default -> throw new IllegalArgumentException(request.text("verb"));
        };
    }

    private static CloudTable tableOf(Request request) throws Exception {
        return LegacySdk.accountOf(request).createCloudTableClient().getTableReference(request.text("table"));
    }

    private static TableRequestOptions optionsOf(Request request) {
        TableRequestOptions options = LegacySdk.armed(new TableRequestOptions(), request);
        options.setEncryptionPolicy(new TableEncryptionPolicy(LegacyKey.keyOf(request), LegacyKey.resolverOf(request)));
        if (request.has("entities")) {
            Set<List<String>> sealed = sealedIn(request);
            options.setEncryptionResolver(
                    (partitionKey, rowKey, name) -> sealed.contains(List.of(partitionKey, rowKey, name)));
        }
        return options;
    }

    /** Keys and name of every property that is to be sealed: a property cannot carry the mark itself, outside of the SDK. */
    @SuppressWarnings("unchecked")
    private static Set<List<String>> sealedIn(Request request) {
        Set<List<String>> found = new HashSet<>();
        for (Map<String, Object> given : request.objects("entities")) {
            Request entity = new Request(given);
            entity.object("properties").fields().forEach((name, value) -> {
                if (new Request((Map<String, Object>) value).flag("sealed", false)) {
                    found.add(List.of(entity.text("partitionKey"), entity.text("rowKey"), name));
                }
            });
        }
        return found;
    }

    @SuppressWarnings("unchecked")
    private static DynamicTableEntity entityOf(Request given) {
        HashMap<String, EntityProperty> properties = new HashMap<>();
        given.object("properties").fields().forEach(
                (name, value) -> properties.put(name, propertyOf(new Request((Map<String, Object>) value))));
        return new DynamicTableEntity(given.text("partitionKey"), given.text("rowKey"), properties);
    }

    private static EntityProperty propertyOf(Request given) {
        return switch (given.text("type")) {
            case "String" -> new EntityProperty(given.text("value"));
            case "Int32" -> new EntityProperty(given.number("value").intValue());
            case "Int64" -> new EntityProperty(Long.parseLong(given.text("value")));
            case "Double" -> new EntityProperty(((Number) given.fields().get("value")).doubleValue());
            case "Boolean" -> new EntityProperty(given.flag("value", false));
            case "DateTime" -> new EntityProperty(Date.from(Instant.parse(given.text("value"))));
            case "Guid" -> new EntityProperty(UUID.fromString(given.text("value")));
            case "Binary" -> new EntityProperty(Base64.getDecoder().decode(given.text("value")));
            default -> throw new IllegalArgumentException(given.text("type"));
        };
    }

    private static Map<String, Object> shown(DynamicTableEntity found) {
        Map<String, Object> properties = new HashMap<>();
        found.getProperties().forEach((name, value) -> properties.put(name, shown(value)));
        return Map.of("partitionKey", found.getPartitionKey(), "rowKey", found.getRowKey(), "properties", properties);
    }

    private static Map<String, Object> shown(EntityProperty property) {
        EdmType type = property.getEdmType();
        Object value = switch (type) {
            case INT32 -> property.getValueAsInteger();
            case DOUBLE -> property.getValueAsDouble();
            case BOOLEAN -> property.getValueAsBoolean();
            case DATE_TIME -> {
                Instant moment = property.getValueAsDate().toInstant().truncatedTo(ChronoUnit.MILLIS);
                yield java.time.format.DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'")
                        .withZone(java.time.ZoneOffset.UTC).format(moment);
            }
            case BINARY -> Request.base64(property.getValueAsByteArray());
            default -> property.getValueAsString();
        };
        return Map.of("type", type.toString().replace("Edm.", ""), "value", value);
    }
}
