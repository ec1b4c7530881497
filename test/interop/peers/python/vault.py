"""Keys in a vault, by azure-keyvault-keys, which Debian 12 does not have."""
import time

from azure.core.credentials import AccessToken
from azure.keyvault.keys.crypto import CryptographyClient


class AnyToken:
    """A vault of the tests takes every token."""

    def get_token(self, *_scopes, **_options):
        return AccessToken("token", int(time.time()) + 3600)


class VaultKey:
    """What the samples of the SDKs make of a client of Key Vault."""

    def __init__(self, given):
        self.given = given
        vault = given["vault"]
        self.client = CryptographyClient(
            given["id"], AnyToken(), proxies={"https": vault["proxy"]}, connection_verify=vault["certificate"],
            use_env_settings=False)

    def get_kid(self):
        return self.given["id"]

    def get_key_wrap_algorithm(self):
        return self.given["algorithm"]

    def wrap_key(self, key):
        return self.client.wrap_key(self.given["algorithm"], key).encrypted_key

    def unwrap_key(self, key, algorithm):
        return self.client.unwrap_key(algorithm, key).key
