"""The Python SDK's own transfers, for peer.bench.ts: one JSON order a line on standard input, one JSON answer a line.

    {"url", "direction": "upload" | "download", "kind": "plain" | "1.0" | "2.0", "length", "concurrency"}
    {"seconds", "cpuSeconds"}

The first line that is printed names the versions; without the SDK the process ends with status 3.
"""
import json
import sys
import time

try:
    import azure.storage.blob
    from azure.storage.blob import BlobClient
    from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
except ImportError:
    sys.exit(3)

BLOCK_LENGTH = 4 * 1024 * 1024
KEY = (b"bench" * 7)[:32]


class BenchKey:
    """The bench's key, with the methods that the SDK asks of a key encryption key."""

    def get_kid(self):
        return "bench:2026"

    def get_key_wrap_algorithm(self):
        return "A256KW"

    def wrap_key(self, key, algorithm="A256KW"):
        return aes_key_wrap(KEY, key)

    def unwrap_key(self, key, algorithm):
        return aes_key_unwrap(KEY, key)


def client(order):
    kind = order["kind"]
    sealing = {}
    if kind != "plain":
        sealing = {"key_encryption_key": BenchKey(), "require_encryption": True, "encryption_version": kind}
    return BlobClient(
        order["url"], "bench", "%s-%d" % (kind, order["length"]),
        credential={"account_name": "bench", "account_key": "YmVuY2g="},
        max_single_put_size=BLOCK_LENGTH, max_block_size=BLOCK_LENGTH,
        max_single_get_size=BLOCK_LENGTH, max_chunk_get_size=BLOCK_LENGTH, **sealing)


def transfer(order, content):
    with client(order) as blob:
        if order["direction"] == "upload":
            blob.upload_blob(content, overwrite=True, max_concurrency=order["concurrency"])
            return
        found = blob.download_blob(max_concurrency=order["concurrency"]).readall()
        if len(found) != order["length"]:
            raise ValueError("%d bytes instead of %d" % (len(found), order["length"]))


def main():
    python = ".".join(str(part) for part in sys.version_info[:3])
    print(json.dumps({"python": python, "azure-storage-blob": azure.storage.blob.__version__}), flush=True)
    content = b""
    for line in sys.stdin:
        order = json.loads(line)
        if order["direction"] == "upload" and len(content) != order["length"]:
            content = b"b" * order["length"]
        started, cpu = time.perf_counter(), time.process_time()
        transfer(order, content)
        answer = {"seconds": time.perf_counter() - started, "cpuSeconds": time.process_time() - cpu}
        print(json.dumps(answer), flush=True)


main()
