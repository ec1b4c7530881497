"""Block and page blobs through `BlobClient` (12.x) or the services of the old generation."""
import base64
import io

from accounts import connection_string, credential, without_retries
from keys import arm

#: Sizes that a request may set, and what each generation calls them.
SIZES = {
    "singlePut": ("max_single_put_size", "MAX_SINGLE_PUT_SIZE"),
    "block": ("max_block_size", "MAX_BLOCK_SIZE"),
    "page": ("max_page_size", "MAX_PAGE_SIZE"),
    "singleGet": ("max_single_get_size", "MAX_SINGLE_GET_SIZE"),
    "chunkGet": ("max_chunk_get_size", "MAX_CHUNK_GET_SIZE"),
}


def is_current(sdk):
    return hasattr(sdk, "BlobClient")


def client_of(request, sdk):
    options = {SIZES[name][0]: value for name, value in request.get("sizes", {}).items()}
    if request.get("protocol") == "2.0":
        options["encryption_version"] = "2.0"
    client = sdk.BlobClient(
        request["account"]["blob"], request["container"], request["blob"],
        credential=credential(request), retry_total=0, **options)
    return arm(request, client)


def service_of(request, sdk):
    made = sdk.PageBlobService if request.get("pages") else sdk.BlockBlobService
    service = without_retries(made(connection_string=connection_string(request)))
    for name, value in request.get("sizes", {}).items():
        setattr(service, SIZES[name][1], value)
    return arm(request, service)


def write(request, sdk):
    content = base64.b64decode(request["content"])
    streamed = request.get("streamed", False)
    metadata = request.get("metadata")
    if is_current(sdk):
        kind = sdk.BlobType.PageBlob if request.get("pages") else sdk.BlobType.BlockBlob
        client_of(request, sdk).upload_blob(
            io.BytesIO(content) if streamed else content, blob_type=kind, length=len(content), overwrite=True,
            metadata=metadata)
        return {}
    service, place = service_of(request, sdk), (request["container"], request["blob"])
    if streamed:
        service.create_blob_from_stream(*place, io.BytesIO(content), count=len(content), metadata=metadata)
    else:
        service.create_blob_from_bytes(*place, content, metadata=metadata)
    return {}


def read(request, sdk):
    offset, count = request.get("offset"), request.get("count")
    if is_current(sdk):
        download = client_of(request, sdk).download_blob(offset=offset, length=count)
        content, metadata = download.readall(), download.properties.metadata
    else:
        end = offset + count - 1 if count is not None else None
        blob = service_of(request, sdk).get_blob_to_bytes(
            request["container"], request["blob"], start_range=offset, end_range=end, max_connections=1)
        content, metadata = blob.content, blob.metadata
    return {"content": base64.b64encode(content).decode(), "metadata": dict(metadata or {})}
