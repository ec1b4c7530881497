"""The account of the request, as the two generations of SDKs want to hear it."""


def credential(request):
    return {"account_name": request["account"]["name"], "account_key": request["account"]["key"]}


def connection_string(request):
    account = request["account"]
    parts = ["DefaultEndpointsProtocol=http", "AccountName=" + account["name"], "AccountKey=" + account["key"]]
    parts += ["%sEndpoint=%s" % (kind, account[kind.lower()]) for kind in ("Blob", "Queue", "Table")]
    return ";".join(parts)


def without_retries(service):
    """The old generation tries a failed decryption again and answers with an empty list: failures have to show."""
    service.retry = lambda context: None
    return service
