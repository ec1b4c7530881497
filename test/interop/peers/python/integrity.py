"""Integrity entries, worked out from docs/formats.md alone: `check` works out again what an object must have, `make` writes one.

An object is `kind`, and of blobs and messages `body`, of rows `partitionKey`, `rowKey`, `sealed` (ciphertexts by name), `list` (the
ciphertext of `_ClientEncryptionMetadata2`) and `signed` (clear values by name, each `{ "type", "value" }` as the service types them).
"""
import datetime
import hashlib
import hmac
import json
import os
import struct

import envelope
from envelope import b64, unb64
from keys import key_of

KINDS = {"stream": 1, "pages": 2, "message": 3, "entity": 4}
ENTRIES = ("AzCseBind", "AzCseTag", "AzCseMac")
NUMBERS = ("Int32", "Double")
EPOCH = datetime.datetime(1970, 1, 1)


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def derive(key, label):
    return mac(key, label, b"\x01")


def enc(value):
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(raw)) + raw


def flag_of(random):
    return derive(random, b"azcse/flag/v1")[:8]


def entries_of(key, item, data, context):
    """The entries that the object must have. `data` is its encryption data, `item` the rest of it."""
    kind, version = item["kind"], data["EncryptionAgent"]["Protocol"]
    tag = mac(derive(key, b"azcse/content/v1"), item["body"]) if version == "1.0" and kind != "entity" else b""
    bind = "1;p=" + b64(property_tags(key, item)) if kind == "entity" else "1;c=%d" % len(item["body"])
    if kind == "stream" and version == "1.0":
        bind += ";n=%d" % len(item["content"])
    if context is not None:
        bind += ";x=" + b64(mac(derive(key, b"azcse/context/v1"), context.encode())[:16])
    header = header_input(item, data, bind, tag)
    entries = {"AzCseBind": bind, "AzCseMac": b64(mac(derive(key, b"azcse/header/v1"), header))}
    return {**entries, "AzCseTag": b64(tag)} if tag else entries


def header_input(item, data, bind, tag):
    agent = data["EncryptionAgent"]
    header = b"azcse/header/v1\0" + bytes([KINDS[item["kind"]]])
    header += enc(agent["Protocol"]) + enc(agent["EncryptionAlgorithm"])
    if agent["Protocol"] == "1.0":
        header += enc(unb64(data["ContentEncryptionIV"]))
    else:
        info = data["EncryptedRegionInfo"]
        header += struct.pack(">IB", info["DataLength"], info["NonceLength"])
    header += enc(bind) + enc(tag)
    if item["kind"] == "entity":
        types = data["KeyWrappingMetadata"].get("AzCseTypes", "")
        header += enc(item["partitionKey"]) + enc(item["rowKey"]) + b"\0" + enc(types) + enc(item["list"])
    return header


def property_tags(key, item):
    property_key = derive(key, b"azcse/property/v1")

    def tag(name, how, kind, value):
        return mac(property_key, enc(name), bytes([how, kind]), enc(value))[:16]

    tags = [tag(name, 1, 0, item["sealed"][name]) for name in item["names"]]
    for name in sorted(item["signed"], key=str.encode):
        raw = name.encode()
        tags.append(struct.pack(">H", len(raw)) + raw + tag(name, 2, *signed_value(item["signed"][name])))
    return b"".join(tags)


def signed_value(given):
    kind, value = given["type"], given["value"]
    if kind == "String":
        return 1, value.encode()
    if kind in NUMBERS:
        return 2, struct.pack(">d", float(value) + 0.0)
    if kind == "Int64":
        return 3, struct.pack(">q", int(value))
    if kind == "Boolean":
        return 4, bytes([value])
    if kind == "DateTime":
        return 5, struct.pack(">q", milliseconds(value))
    if kind == "Guid":
        return 6, value.lower().encode()
    return 7, unb64(value)


def milliseconds(text):
    seconds, _, digits = text.rstrip("Z").partition(".")
    whole = datetime.datetime.strptime(seconds, "%Y-%m-%dT%H:%M:%S") - EPOCH
    return int(whole.total_seconds()) * 1000 + int(digits.ljust(3, "0")[:3])


def check(request, _sdk):
    """Opens an object, and raises unless it has exactly the entries that it must have."""
    data = json.loads(request["encryptionData"])
    version, wrapped = data["EncryptionAgent"]["Protocol"], data["WrappedContentKey"]
    unwrapped = key_of(request["key"]).unwrap_key(unb64(wrapped["EncryptedKey"]), wrapped["Algorithm"])
    key = envelope.unpacked(version, unwrapped)
    if key[24:] != flag_of(key[:24]):
        raise ValueError("the content key has no flag")
    scheme = envelope.scheme_of(data)
    item = {"kind": request["kind"]}
    opening = open_row if item["kind"] == "entity" else open_content
    answer = opening(key, scheme, request, item)
    stored = {name: value for name, value in data["KeyWrappingMetadata"].items() if name in ENTRIES}
    expected = entries_of(key, item, data, request.get("context"))
    if stored != expected:
        raise ValueError("the entries are %s and should be %s" % (json.dumps(stored), json.dumps(expected)))
    return answer


def open_content(key, scheme, request, item):
    item["body"] = unb64(request["body"])
    padded = {"padded": False} if item["kind"] == "pages" else {}
    item["content"] = scheme.open(key, item["body"], **padded)
    return {"content": b64(item["content"])}


def open_row(key, scheme, request, item):
    def opened(name, sealed):
        return scheme.open(key, sealed, scheme.property_iv(request, name)).decode()

    item.update({name: request[name] for name in ("partitionKey", "rowKey", "signed")}, list=unb64(request["list"]))
    item["names"] = json.loads(opened(envelope.LIST_PROPERTY, item["list"]))
    item["sealed"] = {name: unb64(request["sealed"][name]) for name in item["names"]}
    return {"texts": {name: opened(name, sealed) for name, sealed in item["sealed"].items()}}


def make(request, _sdk):
    """Seals `content`, or the `texts` of a row, under a content key with the flag, and adds the entries."""
    kind, version = request["kind"], request["protocol"]
    random = os.urandom(24)
    key = random + flag_of(random)
    region_length = request.get("regionLength", envelope.DEFAULT_REGION_LENGTH)
    scheme = envelope.Cbc() if version == "1.0" else envelope.Gcm(region_length)
    kek = key_of(request["key"])
    wrapped = kek.wrap_key(envelope.packed(version, key))
    wrapped_key = {"KeyId": kek.get_kid(), "EncryptedKey": b64(wrapped), "Algorithm": kek.get_key_wrap_algorithm()}
    item = {"kind": kind}
    sealing = seal_row if kind == "entity" else seal_content
    answer = sealing(key, scheme, request, item)
    additions = {"AzCseTypes": request["types"]} if "types" in request else {}
    without = json.loads(envelope.encryption_data(kind, version, scheme, wrapped_key, additions))
    additions.update(entries_of(key, item, without, request.get("context")))
    return {**answer, "encryptionData": envelope.encryption_data(kind, version, scheme, wrapped_key, additions)}


def seal_content(key, scheme, request, item):
    padded = {"padded": False} if item["kind"] == "pages" else {}
    item["content"] = unb64(request["content"])
    item["body"] = scheme.seal(key, item["content"], **padded)
    return {"body": b64(item["body"])}


def seal_row(key, scheme, request, item):
    def sealed(name, text):
        return scheme.seal(key, text.encode(), scheme.property_iv(request, name))

    item.update({name: request[name] for name in ("partitionKey", "rowKey", "signed")}, names=list(request["texts"]))
    item["list"] = sealed(envelope.LIST_PROPERTY, json.dumps(item["names"]))
    item["sealed"] = {name: sealed(name, text) for name, text in request["texts"].items()}
    return {"list": b64(item["list"]), "sealed": {name: b64(value) for name, value in item["sealed"].items()}}
