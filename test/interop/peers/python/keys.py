"""Key encryption keys with the methods that every Python SDK asks of its caller."""
import base64

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from cryptography.hazmat.primitives.serialization import load_pem_private_key

#: The samples of the SDKs call OAEP with SHA-1 just "RSA".
HASHES = {"RSA": hashes.SHA1, "RSA-OAEP": hashes.SHA1, "RSA-OAEP-256": hashes.SHA256}


class AesKey:
    def __init__(self, given):
        self.given = given
        self.secret = base64.b64decode(given["secret"])

    def get_kid(self):
        return self.given["id"]

    def get_key_wrap_algorithm(self):
        return self.given["algorithm"]

    def wrap_key(self, key):
        return aes_key_wrap(self.secret, key)

    def unwrap_key(self, key, algorithm):
        if algorithm != self.given["algorithm"]:
            raise ValueError("this key does not unwrap " + algorithm)
        return aes_key_unwrap(self.secret, key)


class RsaKey:
    def __init__(self, given):
        self.given = given
        self.private = load_pem_private_key(given["pem"].encode(), None)

    def get_kid(self):
        return self.given["id"]

    def get_key_wrap_algorithm(self):
        return self.given["algorithm"]

    def wrap_key(self, key):
        return self.private.public_key().encrypt(key, padding(self.given["algorithm"]))

    def unwrap_key(self, key, algorithm):
        return self.private.decrypt(key, padding(algorithm))


def padding(algorithm):
    made = HASHES[algorithm]()
    return OAEP(mgf=MGF1(made), algorithm=made, label=None)


def key_of(given):
    if "vault" in given:
        # only the current SDKs come with what it imports
        from vault import VaultKey

        return VaultKey(given)
    return RsaKey(given) if "pem" in given else AesKey(given)


def arm(request, client):
    """Gives a client its key, or a resolver where the request asks for one, and returns it."""
    key = key_of(request["key"]) if request.get("key") else None
    by_id = {key.get_kid(): key} if key else {}
    resolves = bool(key) and request.get("resolve", False)
    client.key_encryption_key = None if resolves else key
    client.key_resolver_function = (lambda kid: by_id[kid]) if resolves else None
    client.require_encryption = request.get("requireEncryption", True)
    return client
