#!/usr/bin/env python3
"""Runs the vendor's own SDKs, as they are published, against the release build over TLS: only their
address and credentials are Latchkey's. One list of stories for all of them."""

import base64
import contextlib
import datetime
import hashlib
import ipaddress
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

# Found by the line above.
from harness import PROGRAM, TOP, MailSink, Process, environment, held_port, say

CLIENTS = TOP / "end2end/vendor"
SDKS = {
    "Node 1.0.14": ["node", CLIENTS / "client.mjs", "1.0.14"],
    "Node 2.11.0": ["node", CLIENTS / "client.mjs", "2.11.0"],
    "Python 2.10.0": [sys.executable, CLIENTS / "client.py"],
    "Python 2.21.0": [sys.executable, CLIENTS / "client.py"],
}
BACK = "http://localhost:3000/back"
MAILS_PER_MINUTE = 4
CODE_TRIES = 5
# Seconds until a mail may be asked for again: the least that a policy may set.
COOLDOWN = 10


def certificate(folder):
    """A certificate for localhost, and the authority that the SDKs are told to trust."""
    now = datetime.datetime.now(datetime.UTC)

    def issued(name, key, issuer, issuer_key, extensions):
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(issuer_key, hashes.SHA256())

    def named(name):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = (x509.BasicConstraints(ca=True, path_length=0), True)
    root = issued(named("Root"), root_key, named("Root"), root_key, [authority])
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    alternative = (x509.SubjectAlternativeName(hosts), False)
    leaf = issued(named("localhost"), key, named("Root"), root_key, [alternative])
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files = {
        "root.pem": root.public_bytes(Encoding.PEM),
        "certificate.pem": leaf.public_bytes(Encoding.PEM),
        "key.pem": pem,
    }
    for name, data in files.items():
        pathlib.Path(folder, name).write_bytes(data)


class Sdk:
    """An SDK in a process of its own, stopped at the end of its `with`."""

    def __init__(self, name, url, secret, folder):
        root = str(pathlib.Path(folder, "root.pem"))
        env = {
            "PATH": os.environ["PATH"],
            "LATCHKEY_URL": url,
            "CLIENT_ID": "backend",
            "CLIENT_SECRET": secret,
            "NODE_EXTRA_CA_CERTS": root,
            "REQUESTS_CA_BUNDLE": root,
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": root,
            "PYTHONPATH": str(TOP / f"target/python/scalekit-{name.split()[1]}"),
        }
        pipe = subprocess.PIPE
        self.name, self.is_node = name, name.startswith("Node")
        self.child = subprocess.Popen(SDKS[name], env=env, stdin=pipe, stdout=pipe, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()

    def ask(self, call, **fields):
        print(json.dumps({"call": call, **fields}), file=self.child.stdin, flush=True)
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended in {call}")
        return json.loads(line)

    def gives(self, call, **fields):
        answer = self.ask(call, **fields)
        if "ok" not in answer:
            raise RuntimeError(f"{call} {fields}: {answer}")
        return answer["ok"]

    def refuses(self, kind, words, call, **fields):
        """Checks the class that users catch and the words that they look for. 1.0 of the Node SDK
        throws errors of one class, with the message alone."""
        error = self.ask(call, **fields).get("error")
        is_right = error and any(word in error["message"].lower() for word in words)
        if is_right and self.name != "Node 1.0.14":
            is_right = error["kind"] == f"Scalekit{kind}Exception" and error["code"]
        if not is_right:
            raise RuntimeError(f"{call} {fields}: {error}, and not {kind} with one of {words}")
        return error


class Stories:
    """What users of an SDK do. Each is told its number, for addresses of its own."""

    def __init__(self, sdk, sink, database):
        self.sdk, self.sink, self.database = sdk, sink, database
        self.people = sdk.name.lower().translate(str.maketrans(" ", "-"))

    def address(self, who):
        return f"{who}.{self.people}@example.com"

    def send(self, who, **options):
        fields = {"template": "SIGNIN", "state": "of the app", "magiclink_auth_uri": BACK}
        address = self.address(who)
        before = self.sink.count[address]
        sent = self.sdk.gives("send", email=address, **(fields | options))
        return sent["auth_request_id"], sent, self.mail(address, before)

    def mail(self, address, before):
        with self.sink.arrived:
            self.sink.arrived.wait_for(lambda: self.sink.count[address] > before, 30)
            return self.sink.mails[address]

    def wrong(self, code, n=1):
        return f"{(int(code) + n) % 1_000_000:06}"

    def a_code_from_the_mail_says_who_it_is(self):
        request, sent, (_, code) = self.send("code", expires_in=300)
        assert sent["expires_in"] == 300 and sent["expires_at"] > 1_700_000_000, sent
        who = self.sdk.gives("verify", auth_request_id=request, code=code)
        assert who["email"] == self.address("code"), who
        assert who["state"] == "of the app" and who["passwordless_type"] == 3, who

    def a_link_from_the_mail_says_who_it_is(self):
        request, _, (token, _) = self.send("link")
        who = self.sdk.gives("verify", auth_request_id=request, link_token=token)
        assert who["email"] == self.address("link"), who

    def a_used_code_is_refused(self):
        request, _, (_, code) = self.send("used")
        self.sdk.gives("verify", auth_request_id=request, code=code)
        words = ["expired", "invalid"]
        self.sdk.refuses("BadRequest", words, "verify", auth_request_id=request, code=code)

    def an_expired_code_is_refused(self):
        request, _, (_, code) = self.send("late")
        self.expire(request)
        words = ["expired"]
        self.sdk.refuses("BadRequest", words, "verify", auth_request_id=request, code=code)

    def expire(self, request):
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as rows, rows:
            for table, of in (("auth_requests", "id"), ("auth_credentials", "auth_request_id")):
                past = f"UPDATE latchkey_{table} SET expires_at = 1 WHERE {of} = ?"
                rows.execute(past, [request])

    def a_mail_that_is_asked_for_again_keeps_its_request(self):
        request, _, (_, first) = self.send("again")
        time.sleep(COOLDOWN)
        again = self.sdk.gives("resend", auth_request_id=request)
        assert again["auth_request_id"] == request, again
        _, second = self.mail(self.address("again"), 1)
        if first != second:
            words = ["expired"]
            self.sdk.refuses("BadRequest", words, "verify", auth_request_id=request, code=first)
        self.sdk.gives("verify", auth_request_id=request, code=second)

    def a_wrong_code_counts_once_however_often_it_is_sent(self):
        request, _, (_, code) = self.send("wrong")
        for n in range(1, CODE_TRIES):
            fields = {"auth_request_id": request, "code": self.wrong(code, n)}
            self.sdk.refuses("BadRequest", ["invalid", "mismatch"], "verify", **fields)
        self.sdk.gives("verify", auth_request_id=request, code=code)

    def too_many_wrong_codes_switch_the_code_off(self):
        request, _, (_, code) = self.send("many")
        for n in range(1, CODE_TRIES + 1):
            self.sdk.ask("verify", auth_request_id=request, code=self.wrong(code, n))
        words = ["too many"]
        self.sdk.refuses("TooManyRequests", words, "verify", auth_request_id=request, code=code)

    def mails_to_an_address_are_limited(self):
        for _ in range(MAILS_PER_MINUTE):
            self.send("limited")
        fields = {"email": self.address("limited"), "template": "SIGNIN"}
        self.sdk.refuses("TooManyRequests", ["too many", "rate"], "send", **fields)

    def what_is_no_address_is_refused(self):
        self.sdk.refuses("BadRequest", ["invalid", "email"], "send", email="no address")

    def an_unknown_request_is_not_found(self):
        fields = {"auth_request_id": "no-such-request"}
        self.sdk.refuses("NotFound", ["not found"], "verify", code="123456", **fields)
        self.sdk.refuses("NotFound", ["not found"], "resend", **fields)

    def a_code_needs_its_request(self):
        self.sdk.refuses("BadRequest", ["auth_request_id is required"], "verify", code="123456")

    def a_token_that_has_ended_is_got_anew(self):
        self.send("before")
        self.sdk.gives("forget")
        self.send("after")


def told(sdk, sink, database):
    """Tells all stories with an SDK."""
    stories = Stories(sdk, sink, database)
    for name, story in vars(Stories).items():
        if name.startswith(("a_", "an_", "mails_", "too_", "what_")):
            try:
                story(stories)
            except Exception as error:
                raise RuntimeError(f"{sdk.name}, {name}: {error}") from error
    say(f"{sdk.name}: all stories passed")


def until_it_listens(server, port):
    deadline = time.monotonic() + 30
    while server.child.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("localhost", port)):
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def main():
    sink, port, secret = MailSink(), held_port(), "known to the stories of the SDKs alone"
    url = f"https://localhost:{port}"
    digest = base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).rstrip(b"=")
    with tempfile.TemporaryDirectory() as folder:
        certificate(folder)
        policy, database = pathlib.Path(folder, "Leptos.toml"), f"{folder}/latchkey.db"
        policy.write_text(f"""
[server]
tls_certificate = "{folder}/certificate.pem"
tls_key = "{folder}/key.pem"
[auth]
magiclink_origins = ["{BACK.rsplit("/", 1)[0]}"]
code_tries = {CODE_TRIES}
resend_cooldown = {COOLDOWN}
[limits]
mails_per_minute = {MAILS_PER_MINUTE}
[[apps]]
id = "backend"
api = true
secrets = ["sha256:{digest.decode()}"]
""")
        env = environment(f"sqlite://{database}", port, sink)
        env |= {"LATCHKEY_CONFIG": str(policy), "LATCHKEY_PUBLIC_URL": url}
        with Process([PROGRAM], env, folder, core=None) as server:
            until_it_listens(server, port)

            def all_of(name):
                with Sdk(name, url, secret, folder) as sdk:
                    told(sdk, sink, database)
                with Sdk(name, url, "a wrong secret", folder) as sdk:
                    if "error" not in sdk.ask("send", email="nobody@example.com"):
                        raise RuntimeError(f"{name}: a wrong secret was taken")

            # Side by side, as one of their stories waits.
            with ThreadPoolExecutor(len(SDKS)) as pool:
                list(pool.map(all_of, SDKS))


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(f"vendor_sdks: {error}")
