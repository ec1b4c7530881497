"""Content keys, ciphertexts and encryption data, from docs/formats.md and `cryptography` alone: no SDK has a part in it."""
import base64
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7

LIST_PROPERTY = "_ClientEncryptionMetadata2"
ALGORITHMS = {"1.0": "AES_CBC_256", "2.0": "AES_GCM_256", "2.1": "AES_GCM_256"}
NONCE_LENGTH = 12
TAG_LENGTH = 16
DEFAULT_REGION_LENGTH = 4 * 1024 * 1024


def b64(raw):
    return base64.b64encode(raw).decode()


def unb64(text):
    raw = base64.b64decode(text, validate=True)
    if b64(raw) != text:
        raise ValueError("another base64 than the canonical one: " + text)
    return raw


def packed(version, content_key):
    """What a key encryption key wraps."""
    return content_key if version == "1.0" else version.encode().ljust(8, b"\0") + content_key


def unpacked(version, wrapped):
    label = packed(version, b"")
    if not wrapped.startswith(label) or len(wrapped) != len(label) + 32:
        raise ValueError("the wrapped key is for another version")
    return wrapped[len(label):]


class Cbc:
    """Protocol 1.0."""

    def __init__(self, iv=None):
        self.iv = iv or os.urandom(16)
        self.fields = {"ContentEncryptionIV": b64(self.iv)}

    def seal(self, key, content, iv=None, padded=True):
        if padded:
            padder = PKCS7(128).padder()
            content = padder.update(content) + padder.finalize()
        encryptor = Cipher(algorithms.AES(key), modes.CBC(iv or self.iv)).encryptor()
        return encryptor.update(content) + encryptor.finalize()

    def open(self, key, body, iv=None, padded=True):
        decryptor = Cipher(algorithms.AES(key), modes.CBC(iv or self.iv)).decryptor()
        content = decryptor.update(body) + decryptor.finalize()
        if not padded:
            return content
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(content) + unpadder.finalize()

    def property_iv(self, place, name):
        joined = self.iv + place["rowKey"].encode() + place["partitionKey"].encode() + name.encode()
        return hashlib.sha256(joined).digest()[:16]


class Gcm:
    """Protocols 2.0 and 2.1."""

    def __init__(self, region_length=DEFAULT_REGION_LENGTH):
        self.region_length = region_length
        self.fields = {"EncryptedRegionInfo": {"DataLength": region_length, "NonceLength": NONCE_LENGTH}}

    def seal(self, key, content):
        regions = [content[at:at + self.region_length] for at in range(0, len(content), self.region_length)] or [b""]
        return b"".join(nonce_of(at) + AESGCM(key).encrypt(nonce_of(at), region, None)
                        for at, region in enumerate(regions))

    def open(self, key, body):
        stored_length = NONCE_LENGTH + self.region_length + TAG_LENGTH
        content = b""
        for number, at in enumerate(range(0, len(body), stored_length)):
            region = body[at:at + stored_length]
            if region[:NONCE_LENGTH] != nonce_of(number):
                raise ValueError("region %d has another nonce than the one that this package writes" % number)
            content += AESGCM(key).decrypt(region[:NONCE_LENGTH], region[NONCE_LENGTH:], None)
        return content


def nonce_of(region):
    return bytes(4) + struct.pack("<Q", region + 1)


def scheme_of(data):
    """What opens the content of that encryption data."""
    if data["EncryptionAgent"]["Protocol"] == "1.0":
        return Cbc(unb64(data["ContentEncryptionIV"]))
    return Gcm(data["EncryptedRegionInfo"]["DataLength"])


def encryption_data(kind, version, scheme, wrapped_key, additions):
    mode = {"EncryptionMode": "FullBlob"} if kind in ("stream", "pages") else {}
    return json.dumps({
        **mode,
        "WrappedContentKey": wrapped_key,
        "EncryptionAgent": {"Protocol": version, "EncryptionAlgorithm": ALGORITHMS[version]},
        **scheme.fields,
        "KeyWrappingMetadata": {"EncryptionLibrary": "Python peer", **additions},
    })
