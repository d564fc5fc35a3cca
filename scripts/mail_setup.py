"""The two mail servers of mail_servers.py as they are set up, Latchkey before them, and somebody
who waits for a mail."""

import json
import pathlib
import secrets
import shutil
import subprocess
import sys
import urllib.parse

import mta
from mail_reader import Browser, code_of, text_of
from mta import until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

# Found by the line above.
from harness import PROGRAM, TOP, Process, environment, held_port

UNPACKED = TOP / "target/debian/mta"
PASSWORD = "correct horse battery"
RETURNS = "bounces@example.com"
PIPED = "bounces@piped.example.com"

# Domains of example.net whose mails take a way of their own.
AT = [f"{name}.example.net" for name in ["ascii", "small", "late", "piped", "submitted", "relayed"]]

BY_OPENSMTPD = "by out.example.com (OpenSMTPD)"


class Servers:
    """Both mail servers, and what is around them. Postfix is the server of example.net, and of the
    return paths; OpenSMTPD hands on to Postfix what it takes, and to Latchkey what comes back."""

    def __init__(self, folder):
        self.root = mta.Root(UNPACKED, folder)
        self.secret = secrets.token_urlsafe(48)
        # SQLite gives the files beside it the mode of this one: the pipe has another user.
        self.root.write("srv/latchkey.db", "", 0o666)
        self.root.folder("srv", mode=0o777)
        self.policy, self.authority = mta.Policy(), mta.Authority()
        self.ca = self.root.write("etc/ca.pem", self.authority.pem)
        for name, host in {"own": "localhost", "wrong": "other.example.net"}.items():
            self.root.write(f"etc/{name}.pem", self.authority.issue(host), 0o600)
        self.mx, self.ascii, self.small, self.wrong, self.early, self.late = ports(6)
        self.submission, self.relay, self.lmtp = ports(3)
        self.box = mta.Maildir(self.root.folder("var/mail/all", "nobody"))
        self.postfix, self.opensmtpd = self.configured_postfix(), self.configured_opensmtpd()

    def configured_postfix(self):
        shutil.copy(PROGRAM, self.root.path / "usr/bin/latchkey")
        of_pipe = {
            "DATABASE_URL": "sqlite:///srv/latchkey.db",
            "SESSION_JWT_SECRET": self.secret,
            "LATCHKEY_CONFIG": "/srv/Leptos.toml",
        }
        asks = f"check_policy_service inet:127.0.0.1:{self.policy.port}"
        settings = {
            "smtpd_tls_chain_files": "/etc/own.pem",
            "smtpd_tls_security_level": "may",
            "smtpd_tls_received_header": "yes",
            "smtpd_recipient_restrictions": asks,
            "smtpd_data_restrictions": asks,
            "smtpd_end_of_data_restrictions": asks,
            "virtual_mailbox_domains": " ".join(["example.net", *AT]),
            "virtual_mailbox_base": "/var/mail",
            # Everybody is here but those who are gone.
            "virtual_mailbox_maps": "regexp:/etc/postfix/mailboxes",
            "virtual_uid_maps": f"static:{mta.USERS['nobody']}",
            "virtual_gid_maps": f"static:{mta.USERS['nobody']}",
            "virtual_minimum_uid": "1",
            "transport_maps": "texthash:/etc/postfix/transport",
            "relay_domains": "example.com piped.example.com full.example.net slow.example.net",
            "delay_warning_time": "1s",
            "queue_run_delay": "1s",
            "minimal_backoff_time": "1s",
            "maximal_backoff_time": "1s",
            "latchkey_destination_recipient_limit": "1",
            "export_environment": " ".join(f"{name}={value}" for name, value in of_pipe.items()),
        }
        self.root.write("etc/postfix/mailboxes", "!/^gone/ all/\n")
        self.root.write(
            "etc/postfix/transport",
            f"example.com lmtp:inet:127.0.0.1:{self.lmtp}\n"
            "piped.example.com latchkey:\n"
            "full.example.net error:5.2.2 The mailbox is full\n"
            "slow.example.net retry:4.2.1 The mailbox is being moved\n",
        )
        listeners = {
            self.mx: {},
            # Takes a mail before it knows whether its recipient exists.
            self.late: {"smtpd_reject_unlisted_recipient": "no"},
            self.ascii: {"smtpd_discard_ehlo_keywords": "smtputf8"},
            self.small: {"message_size_limit": "2000"},
            self.wrong: {"smtpd_tls_chain_files": "/etc/wrong.pem"},
            self.submission: mta.known_to_sasl(self.root, "latchkey", PASSWORD),
            self.early: {"smtpd_delay_reject": "no", "smtpd_sender_restrictions": asks},
        }
        piped = (
            "latchkey unix - n n - - pipe\n"
            "  user=nobody argv=/usr/bin/latchkey bounce --to ${recipient}\n"
        )
        return mta.postfix(self.root, listeners, settings, piped)

    def configured_opensmtpd(self):
        configuration = f"""
            # Without TLS: that of Debian 12 fails at it since OpenSSL 3 (OpenSMTPD/OpenSMTPD#1171).
            filter late phase rcpt-to match rcpt-to {{ "later@relayed.example.net" }} \\
                reject "451 4.7.1 come back later"
            filter never phase rcpt-to match rcpt-to {{ "never@relayed.example.net" }} \\
                reject "550 5.1.1 no such mailbox"
            filter all chain {{ late, never }}
            listen on 127.0.0.1 port {self.relay} hostname out.example.com filter all
            action forth relay host "smtp://127.0.0.1:{self.mx}"
            action returned relay host "lmtp://127.0.0.1:{self.lmtp}"
            match from any for domain "example.com" action returned
            match from any for any action forth
        """
        lines = [line.strip() for line in configuration.strip().split("\n")]
        return mta.opensmtpd(self.root, self.relay, "\n".join(lines) + "\n")

    def submission_url(self, password):
        password = urllib.parse.quote(password)
        return f"smtp://latchkey:{password}@localhost:{self.submission}?tls=required"

    def returns(self, transports):
        """The door for mails that come back, if some of `transports` have a return path."""
        has = any("return_path" in keys for _, _, keys in transports)
        return f"lmtp_listen = '127.0.0.1:{self.lmtp}'\n" if has else ""


def ports(count):
    return [held_port() for _ in range(count)]


class Latchkey:
    """The program with these transports: name, URL and further keys of each."""

    def __init__(self, servers, *transports):
        self.servers, self.port = servers, held_port()
        text = f"[mail]\nfrom = 'Example <no-reply@example.com>'\n{servers.returns(transports)}"
        for name, url, keys in transports:
            text += f"[[mail.transports]]\nname = '{name}'\nkind = 'smtp'\nurl = '{url}'\n"
            text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        policy = servers.root.write("srv/Leptos.toml", text)
        self.folder = policy.parent
        self.settings = environment(f"sqlite://{self.folder}/latchkey.db", self.port) | {
            "RUST_LOG": "off",
            "LATCHKEY_CONFIG": str(policy),
            "SESSION_JWT_SECRET": servers.secret,
            "SSL_CERT_FILE": str(servers.ca),
        }
        self.process = Process([PROGRAM], self.settings, self.folder, core=None)

    def __enter__(self):
        self.process.until_answers(self.port, "/healthz")
        return self

    def __exit__(self, *nothing):
        self.process.__exit__(*nothing)

    def command(self, *arguments):
        """Exit code and words of a command of the program."""
        command = [PROGRAM, *arguments]
        done = subprocess.run(
            command, env=self.settings, cwd=self.folder, capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr

    def asked(self, address):
        return Waiting(self, address)


class Waiting:
    """A browser that has asked for a mail, and its page."""

    def __init__(self, latchkey, address):
        self.latchkey, self.address = latchkey, address
        self.browser = Browser(latchkey.port, "en")
        self.request = self.browser.ask(address)

    def standing(self):
        return json.loads(self.browser.get(200, "/actions/progress"))

    def is_told(self, *words):
        """Waits until the page says these words of its mail."""

        def found():
            trouble = self.standing()["trouble"] or ""
            self.last = trouble
            return all(word in trouble for word in words) and trouble

        try:
            return until(found, "")
        except RuntimeError:
            said = f"the page says {self.last!r}"
            raise AssertionError(f"{self.address}: {said}, and not {words}") from None

    def signs_in(self):
        """Waits for the mail, and signs in by its code."""
        mail = self.latchkey.servers.box.first_to(self.address)
        body = {"code": code_of(text_of(mail)), "auth_request_id": self.request}
        self.browser.post(200, "/api/auth/verify", body)
        return mail
