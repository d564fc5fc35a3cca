"""Calls the vendor's Python SDK that comes first in PYTHONPATH, as scripts/vendor_sdks.py asks: a
line of JSON in for each call, a line out for each answer."""

import json
import os
import sys

from scalekit.client import ScalekitClient


def connected():
    return ScalekitClient(
        *(os.environ[name] for name in ("LATCHKEY_URL", "CLIENT_ID", "CLIENT_SECRET"))
    )


def forget(client):
    """The next call finds that its token is none."""
    client.core_client.access_token = "no token"


CALLS = {
    "send": lambda client, **fields: client.passwordless.send_passwordless_email(**fields),
    "verify": lambda client, **fields: client.passwordless.verify_passwordless_email(**fields),
    "resend": lambda client, **fields: client.passwordless.resend_passwordless_email(**fields),
}


def plain(answer):
    """The fields of a message that are set. The SDK gives it with the call that it came by."""
    message, _ = answer
    return {field.name: value for field, value in message.ListFields()}


def refused(error):
    kind = type(error).__name__
    if not hasattr(error, "error_code"):
        return {"kind": kind, "message": str(error)}
    status, code = error.http_status, error.error_code
    return {"kind": kind, "message": error.message or str(error), "status": status, "code": code}


client = None
for line in sys.stdin:
    fields = json.loads(line)
    call = fields.pop("call")
    try:
        client = client or connected()
        if call == "forget":
            answer = {"ok": forget(client) or {}}
        else:
            answer = {"ok": plain(CALLS[call](client, **fields))}
    except Exception as error:
        answer = {"error": refused(error)}
    print(json.dumps(answer), flush=True)
