"""Shared by the scripts about mails: a mailbox that keeps what arrives, the browser of whoever asks
for a mail, and what a mail says."""

import email
import email.policy
import json
import pathlib
import re
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

# Found by the line above.
from harness import MailSink, connected, expect_on

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


class Inbox(MailSink):
    """Keeps each mail as it came over SMTP."""

    def __init__(self):
        self.kept, self.some = [], threading.Condition()
        super().__init__()

    def keep(self, to, raw):
        raw = re.sub(r"^\.", "", raw, flags=re.MULTILINE)
        with self.some:
            self.kept.append((to, raw.encode()))
            self.some.notify_all()

    def nth_to(self, address, number):
        def found():
            return [raw for to, raw in self.kept if to == address]

        with self.some:
            if not self.some.wait_for(lambda: len(found()) >= number, 30):
                raise RuntimeError(f"{len(found())} mails came to {address}, not {number}")
            return found()[number - 1]


class Browser:
    """One that is known by its cookies, in one language."""

    def __init__(self, port, language, **headers):
        self.port, self.cookies = port, {}
        self.headers = {"accept_language": language, "user_agent": FIREFOX, **headers}

    def get(self, status, path):
        return self.expect(status, "GET", path)

    def post(self, status, path, body):
        return self.expect(status, "POST", path, body)

    def expect(self, status, *arguments):
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        with connected(self.port) as connection:
            headers = self.headers | {"cookie": cookie}
            answer, data = expect_on(connection, status, *arguments, **headers)
        for set_cookie in answer.headers.get_all("set-cookie") or []:
            name, value = set_cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return data

    def ask(self, address, **fields):
        body = {"email": address} | fields
        return json.loads(self.post(200, "/api/auth/send-passwordless", body))["auth_request_id"]


def parsed(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def text_of(mail):
    return mail.get_body(["plain"]).get_content().replace("\r\n", "\n")


def code_of(text):
    return "".join(re.search(r": (\d{3}) (\d{3})$", text, re.MULTILINE).groups())
