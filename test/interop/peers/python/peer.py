"""A peer of the live tests: the Python SDKs behind one loop. A line of JSON asks, a line of JSON answers.

The request and the answer are described in ../README.md. Everything an SDK throws is an answer; only a broken line ends the loop.
"""
import importlib
import json
import sys
import warnings

import blobs
import integrity
import queues
import tables

ACTIONS = {
    "version": lambda request, sdk: {"version": version_of(sdk)},
    "blob.write": blobs.write,
    "blob.read": blobs.read,
    "queue.write": queues.write,
    "queue.read": queues.read,
    "table.write": tables.write,
    "table.read": tables.read,
    "table.query": tables.query,
    "integrity.check": integrity.check,
    "integrity.make": integrity.make,
}


def version_of(sdk):
    """The generations keep their version in different places."""
    places = [sdk.__name__, sdk.__name__ + "._constants", sdk.__name__.rsplit(".", 1)[0] + ".common._constants"]
    for place in places:
        try:
            found = importlib.import_module(place)
        except ImportError:
            continue
        for name in ("__version__", "VERSION"):
            if isinstance(getattr(found, name, None), str):
                return getattr(found, name)
    return None


def chain_of(error):
    """An SDK wraps what went wrong; the cause is what a test wants to see."""
    causes = []
    while isinstance(error, BaseException) and len(causes) < 5:
        causes.append("%s: %s" % (type(error).__name__, error))
        error = error.__cause__ or error.__context__
    return causes


def answer(request):
    try:
        sdk = importlib.import_module(request["sdk"])
        return {"value": ACTIONS[request["action"]](request, sdk)}
    except Exception as error:
        return {"error": chain_of(error)}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
