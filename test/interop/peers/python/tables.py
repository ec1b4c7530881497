"""Entities through `TableService`, the only Python SDK that ever encrypted them.

An entity is {"partitionKey", "rowKey", "properties": name -> {"type": "String", "value", "sealed"?}}; Int64 is text, Binary base64,
DateTime ISO 8601.
"""
import base64
import importlib
import re
from datetime import datetime, timezone

from accounts import connection_string, without_retries
from keys import arm

VERBS = {
    "insert": "insert_entity",
    "replace": "update_entity",
    "upsert": "insert_or_replace_entity",
    "merge": "merge_entity",
}
KEYS_AND_TAGS = ("PartitionKey", "RowKey", "Timestamp", "etag")
PART_LINE = re.compile(rb"^(POST|PUT|DELETE) (/\S*) (HTTP/1\.1)$", re.MULTILINE)


def service_of(request, sdk):
    service = arm(request, without_retries(sdk.TableService(connection_string=connection_string(request))))
    service.request_callback = lambda outgoing: with_absolute_parts(outgoing, request["account"]["table"])
    return service


def with_absolute_parts(outgoing, endpoint):
    """The parts of a batch name relative addresses; the emulator wants absolute ones. Entities stay as they are."""
    if outgoing.path.endswith("/$batch"):
        root = endpoint.encode()
        outgoing.body = PART_LINE.sub(lambda line: b"%s %s%s %s" % (line[1], root, line[2], line[3]), outgoing.body)


def write(request, sdk):
    service, verb = service_of(request, sdk), VERBS[request.get("verb", "insert")]
    entities = [to_sdk(entity, models_of(sdk)) for entity in request["entities"]]
    if not request.get("batch"):
        for entity in entities:
            getattr(service, verb)(request["table"], entity)
        return {}
    batches = importlib.import_module(sdk.__name__ + ".tablebatch")
    batch = batches.TableBatch(
        service.require_encryption, service.key_encryption_key, service.encryption_resolver_function)
    for entity in entities:
        getattr(batch, verb)(entity)
    service.commit_batch(request["table"], batch)
    return {}


def read(request, sdk):
    found = service_of(request, sdk).get_entity(
        request["table"], request["partitionKey"], request["rowKey"], select=request.get("select"))
    return {"entity": from_sdk(found, models_of(sdk))}


def query(request, sdk):
    found = service_of(request, sdk).query_entities(
        request["table"], filter=request.get("filter"), select=request.get("select"))
    return {"entities": [from_sdk(entity, models_of(sdk)) for entity in found]}


def models_of(sdk):
    return importlib.import_module(sdk.__name__ + ".models")


def to_sdk(entity, models):
    row = {"PartitionKey": entity["partitionKey"], "RowKey": entity["rowKey"]}
    for name, given in entity["properties"].items():
        row[name] = value_to_sdk(given, models)
    return row


def value_to_sdk(given, models):
    kind, value = given["type"], given["value"]
    if kind == "String" and not given.get("sealed"):
        return value
    if kind == "Int64":
        return int(value)
    if kind == "Double":
        return float(value)
    if kind == "Boolean":
        return value
    if kind == "DateTime":
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    if kind == "Binary":
        value = base64.b64decode(value)
    named = {"String": models.EdmType.STRING, "Int32": models.EdmType.INT32, "Guid": models.EdmType.GUID,
             "Binary": models.EdmType.BINARY}
    return models.EntityProperty(named[kind], value, bool(given.get("sealed")))


def from_sdk(row, models):
    properties = {name: value_from_sdk(value, models) for name, value in row.items() if name not in KEYS_AND_TAGS}
    return {"partitionKey": row.get("PartitionKey"), "rowKey": row.get("RowKey"), "properties": properties}


def value_from_sdk(value, models):
    if isinstance(value, models.EntityProperty):
        kind, value = value.type.replace("Edm.", ""), value.value
        return {"type": kind, "value": base64.b64encode(value).decode() if isinstance(value, bytes) else value}
    if isinstance(value, bool):
        return {"type": "Boolean", "value": value}
    if isinstance(value, int):
        return {"type": "Int64", "value": str(value)}
    if isinstance(value, float):
        return {"type": "Double", "value": value}
    if isinstance(value, datetime):
        moment = value.astimezone(timezone.utc).isoformat(timespec="milliseconds")
        return {"type": "DateTime", "value": moment.replace("+00:00", "Z")}
    return {"type": "String", "value": value}
