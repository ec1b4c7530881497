"""Messages through `QueueClient` (12.x) or `QueueService` of the old generation.

What stands inside the ciphertext is up to an encoding: `text` as it is, `base64` of text, `bytes` as base64, `xml` escaped.
"""
import base64
import itertools

from accounts import connection_string, credential, without_retries
from keys import arm

POLICIES = {"base64": "TextBase64", "bytes": "BinaryBase64"}
FORMATS = {
    "text": ("noencode", "nodecode"),
    "base64": ("text_base64encode", "text_base64decode"),
    "bytes": ("binary_base64encode", "binary_base64decode"),
    "xml": ("text_xmlencode", "text_xmldecode"),
}


def is_current(sdk):
    return hasattr(sdk, "QueueClient")


def client_of(request, sdk):
    options = {"encryption_version": "2.0"} if request.get("protocol") == "2.0" else {}
    policy = POLICIES.get(request["encoding"])
    if policy:
        options["message_encode_policy"] = getattr(sdk, policy + "EncodePolicy")()
        options["message_decode_policy"] = getattr(sdk, policy + "DecodePolicy")()
    client = sdk.QueueClient(
        request["account"]["queue"], request["queue"], credential=credential(request), retry_total=0, **options)
    return arm(request, client)


def service_of(request, sdk):
    service = without_retries(sdk.QueueService(connection_string=connection_string(request)))
    encode, decode = FORMATS[request["encoding"]]
    service.encode_function = getattr(sdk.models.QueueMessageFormat, encode)
    service.decode_function = getattr(sdk.models.QueueMessageFormat, decode)
    return arm(request, service)


def write(request, sdk):
    """Sends each content, and lets `updateTo` take the place of the last one."""
    contents = [content_of(given) for given in request["contents"]]
    if is_current(sdk):
        client = client_of(request, sdk)
        for content in contents:
            sent = client.send_message(content)
        if "updateTo" in request:
            client.update_message(sent, content=content_of(request["updateTo"]))
        return {}
    service = service_of(request, sdk)
    for content in contents:
        sent = service.put_message(request["queue"], content)
    if "updateTo" in request:
        service.update_message(request["queue"], sent.id, sent.pop_receipt, 0, content_of(request["updateTo"]))
    return {}


def read(request, sdk):
    count, peeks = request["count"], request.get("peek", False)
    if is_current(sdk):
        client = client_of(request, sdk)
        found = client.peek_messages(max_messages=count) if peeks else client.receive_messages(messages_per_page=count)
        # it would ask for page after page
        found = itertools.islice(found, count)
        return {"contents": [shown(message.content) for message in found]}
    service = service_of(request, sdk)
    take = service.peek_messages if peeks else service.get_messages
    return {"contents": [shown(message.content) for message in take(request["queue"], num_messages=count)]}


def content_of(given):
    return given["text"] if "text" in given else base64.b64decode(given["bytes"])


def shown(content):
    if isinstance(content, str):
        return {"text": content}
    if isinstance(content, bytes):
        return {"bytes": base64.b64encode(content).decode()}
    return {"parsed": content}
