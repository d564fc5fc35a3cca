"""Debian's Postfix and OpenSMTPD as throw-away servers: both in one root folder of their own, which
scripts/setup.sh unpacks, so that nothing of this machine is read or changed, and no service runs.
"""

import contextlib
import datetime
import os
import pathlib
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mail_reader import parsed

HOST = "mx.example.net"
USERS = {"root": 0, "postfix": 301, "opensmtpd": 302, "opensmtpq": 303, "nobody": 65534}
POSTDROP = 304
SYSTEM = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
SERVICES = """
pickup    unix n - n 60    1 pickup
cleanup   unix n - n -     0 cleanup
qmgr      unix n - n 300   1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n -     - trivial-rewrite
bounce    unix - - n -     0 bounce
defer     unix - - n -     0 bounce
trace     unix - - n -     0 bounce
flush     unix n - n 1000? 0 flush
proxymap  unix - - n -     - proxymap
smtp      unix - - n -     - smtp
lmtp      unix - - n -     - lmtp
error     unix - - n -     - error
retry     unix - - n -     - error
virtual   unix - n n -     - virtual
anvil     unix - - n -     1 anvil
scache    unix - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class Authority:
    """A private CA, which no machine trusts by itself."""

    def __init__(self):
        self.key, self.name = ec.generate_private_key(ec.SECP256R1()), name_of("Private CA")
        authority = x509.BasicConstraints(ca=True, path_length=0)
        self.certificate = self.signed(self.name, self.key, (authority, True))

    def signed(self, subject, key, extension):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder(self.name, subject, key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        return builder.add_extension(*extension).sign(self.key, hashes.SHA256())

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, host):
        """Key and certificate of a host, in one text."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        certificate = self.signed(name_of(host), key, (names, False))
        pem = serialization.Encoding.PEM
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return key.private_bytes(pem, form, plain) + certificate.public_bytes(pem)


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Root:
    """The root folder of both."""

    def __init__(self, unpacked, folder):
        self.path = pathlib.Path(folder, "root")
        shutil.copytree(unpacked, self.path, symlinks=True)
        self.write("etc/passwd", "".join(f"{name}:x:{n}:{n}::/:\n" for name, n in USERS.items()))
        groups = USERS | {"postdrop": POSTDROP}
        self.write("etc/group", "".join(f"{name}:x:{n}:\n" for name, n in groups.items()))
        self.write("etc/hosts", "127.0.0.1 localhost\n")
        self.write("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
        # Files in place of devices, which only the machine's root may make.
        self.write("dev/null", "", 0o666)
        self.write("dev/seed", os.urandom(64).hex())
        self.folder("tmp", mode=0o1777)
        self.folder("var/log")
        self.folder("run")
        (self.path / "var/run").symlink_to("/run")

    def write(self, name, content, mode=0o644):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        file.chmod(mode)
        return file

    def folder(self, name, user="root", group=None, mode=0o755):
        folder = self.path / name
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, USERS[user], USERS[user] if group is None else group)
        folder.chmod(mode)
        return folder

    def command(self, *command):
        return ["chroot", self.path, *command]


class Server:
    """One that is started, and stopped for good at the end of its `with`."""

    def __init__(self, command, port, log):
        self.command, self.port, self.log, self.child = command, port, log, None

    def start(self):
        with self.log.open("ab") as log:
            # A group of its own: what it starts ends with it, whatever happens to it.
            self.child = subprocess.Popen(
                self.command, stdout=log, stderr=log, env=SYSTEM, start_new_session=True
            )
        deadline = time.monotonic() + 20
        while self.child.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return self
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"{self.command[2]} did not start:\n{self.log.read_text()}")

    def stop(self):
        self.child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.child.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    __enter__ = start

    def __exit__(self, kind, *_):
        self.stop()
        if kind:
            print(self.log.read_text()[-20_000:])


def postfix(root, listeners, settings, services=""):
    """Postfix with a listener for each port of `listeners`, which have settings of their own."""
    own = {
        "compatibility_level": "3.6",
        "queue_directory": "/var/spool/postfix",
        "command_directory": "/usr/sbin",
        "daemon_directory": "/usr/lib/postfix/sbin",
        "data_directory": "/var/lib/postfix",
        "myhostname": HOST,
        "cyrus_sasl_config_path": "/etc/postfix/sasl",
        "mail_owner": "postfix",
        "setgid_group": "postdrop",
        "default_privs": "nobody",
        "maillog_file": "/var/log/postfix.log",
        "tls_random_source": "/dev/seed",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "disable_dns_lookups": "yes",
        "alias_maps": "",
        "mydestination": "",
    }
    lines = [f"{name} = {value}\n" for name, value in (own | settings).items()]
    root.write("etc/postfix/main.cf", "".join(lines))
    entries = []
    for port, options in listeners.items():
        entries.append(f"127.0.0.1:{port} inet n - n - - smtpd\n")
        entries += [f"  -o {{ {name} = {value} }}\n" for name, value in options.items()]
    root.write("etc/postfix/master.cf", "".join(entries) + SERVICES + services)
    queue = "var/spool/postfix"
    root.folder(queue)
    root.folder(f"{queue}/pid")
    own = "active bounce corrupt defer deferred flush hold incoming private saved trace"
    for name in own.split():
        root.folder(f"{queue}/{name}", "postfix", 0, 0o700)
    root.folder(f"{queue}/public", "postfix", POSTDROP, 0o710)
    root.folder(f"{queue}/maildrop", "postfix", POSTDROP, 0o730)
    root.folder("var/lib/postfix", "postfix")
    master = root.command("/usr/lib/postfix/sbin/master", "-s", "-c", "/etc/postfix")
    return Server(master, next(iter(listeners)), root.path / "var/log/postfix.log")


def opensmtpd(root, port, configuration):
    root.write("etc/smtpd.conf", configuration)
    root.folder("var/lib/opensmtpd/empty")
    root.folder("var/spool")
    log = root.path / "var/log/smtpd.log"
    return Server(root.command("/usr/sbin/smtpd", "-d"), port, log)


def known_to_sasl(root, user, password):
    """Postfix's settings for a listener that knows one user, by Cyrus SASL."""
    methods = "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\n"
    root.write("etc/postfix/sasl/smtpd.conf", f"{methods}sasldb_path: /etc/sasldb2\n")
    command = ["/usr/sbin/saslpasswd2", "-p", "-c", "-f", "/etc/sasldb2", "-u", HOST, user]
    subprocess.run(root.command(*command), input=password.encode(), check=True, env=SYSTEM)
    os.chown(root.path / "etc/sasldb2", USERS["postfix"], 0)
    return {
        "smtpd_sasl_auth_enable": "yes",
        "smtpd_sasl_local_domain": HOST,
        "smtpd_sasl_authenticated_header": "yes",
        "smtpd_tls_auth_only": "yes",
        "smtpd_tls_security_level": "encrypt",
        "smtpd_client_restrictions": "permit_sasl_authenticated, reject",
    }


class Policy(socketserver.ThreadingTCPServer):
    """A policy service of Postfix (SMTPD_POLICY_README): what is to be answered at a command of a
    mail, once for each entry of a list. Without one, the mail goes on."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), PolicyConnection)
        self.port, self.plan = self.server_address[1], {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def answer(self, asked):
        planned = self.plan.get((asked["protocol_state"], asked["recipient"]), [])
        return planned.pop(0) if planned else "DUNNO"


class PolicyConnection(socketserver.StreamRequestHandler):
    def handle(self):
        asked = {}
        for line in self.rfile:
            name, _, value = line.decode().strip().partition("=")
            if name:
                asked[name] = value
            else:
                self.wfile.write(f"action={self.server.answer(asked)}\n\n".encode())
                asked = {}


class Maildir:
    """A folder in which Postfix leaves every mail that it delivers."""

    def __init__(self, folder):
        self.folder, self.read, self.reading = folder / "new", {}, threading.Lock()

    def delivered(self):
        """Every mail so far, and whom it was delivered to."""
        with self.reading:
            for file in self.folder.iterdir() if self.folder.exists() else []:
                if file not in self.read:
                    raw = file.read_bytes()
                    # The parser reads no header that is not ASCII.
                    to = re.search(rb"^Delivered-To: (.*)$", raw, re.MULTILINE)[1].decode()
                    self.read[file] = (to, parsed(raw))
            return list(self.read.values())

    def mails_to(self, address):
        return [mail for to, mail in self.delivered() if to == address]

    def first_to(self, address):
        return until(lambda: self.mails_to(address), f"a mail to {address}")[0]


def until(found, what, seconds=30):
    """The first result of `found` that is something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.02)
    raise RuntimeError(f"{what} did not come within {seconds} seconds")
