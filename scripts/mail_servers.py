#!/usr/bin/env python3
"""Mails by real mail servers: Postfix and OpenSMTPD take them from a running Latchkey, refuse,
delay and return them, and the page of whoever waits says what became of each. Without the servers,
or where it cannot be root in any way, it says so and proves nothing."""

import concurrent.futures
import os
import pathlib
import secrets
import shutil
import subprocess
import sys
import tempfile

from mail_setup import BY_OPENSMTPD, PASSWORD, PIPED, RETURNS, UNPACKED, Latchkey, Servers
from mta import until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

# Found by the line above.
from harness import say

# Words of the page.
LATER = "asks us to come back later"
OF_US = "our mail service does not take it"
CHECK = "Check the address"
CAME_BACK = "The email came back"
DELAYED = "has not arrived yet"


def ways(servers):
    """A transport for each listener, and for the domains of the mails that are to take it."""
    postfix = "smtp://localhost:{}"
    return [
        ("ascii", postfix.format(servers.ascii), {"domains": ["ascii.example.net"]}),
        ("small", postfix.format(servers.small), {"domains": ["small.example.net"]}),
        (
            "late",
            postfix.format(servers.late),
            {"domains": ["late.example.net", "full.example.net", "slow.example.net"]}
            | {"return_path": RETURNS},
        ),
        (
            "piped",
            postfix.format(servers.late),
            {"domains": ["piped.example.net"], "return_path": PIPED},
        ),
        (
            "opensmtpd",
            postfix.format(servers.relay),
            {"domains": ["relayed.example.net"], "return_path": RETURNS},
        ),
        ("submission", servers.submission_url(PASSWORD), {"domains": ["submitted.example.net"]}),
        ("postfix", postfix.format(servers.mx) + "?tls=required", {"return_path": RETURNS}),
    ]


def deliveries(servers, latchkey):
    """Mails arrive over TLS, with a password, in any script."""
    ada, eve, bob, jurgen, plain = (
        latchkey.asked(address)
        for address in [
            "ada@example.net",
            "eve@submitted.example.net",
            "bob@relayed.example.net",
            "jürgen@example.net",
            "ada@ascii.example.net",
        ]
    )
    mail = ada.signs_in()
    assert "using TLSv1.3" in received(mail), received(mail)
    assert mail["Return-Path"].startswith("<bounces+"), mail["Return-Path"]
    mail = eve.signs_in()
    assert "Authenticated sender: latchkey" in received(mail), received(mail)
    assert BY_OPENSMTPD in received(bob.signs_in())
    jurgen.signs_in()
    plain.signs_in()


def refusals(servers, latchkey):
    """What a server refuses for now comes later; what it refuses for good, the page says."""
    passing = {
        ("RCPT", "grey@example.net"): "DEFER_IF_PERMIT Greylisted, come again",
        ("RCPT", "rcpt@example.net"): "451 4.3.0 Try again later",
        ("DATA", "data@example.net"): "451 4.3.0 Try again later",
        ("DATA", "spam@example.net"): "554 5.7.1 Looks like spam",
        ("END-OF-MESSAGE", "end@example.net"): "452 4.3.1 No space",
        ("END-OF-MESSAGE", "policy@example.net"): "550 5.7.1 Not by our policy",
    }
    final = {
        ("RCPT", "blocked@example.net"): "550 5.7.1 No mails, please",
        ("RCPT", "moved@example.net"): "551 5.1.6 Not here",
        ("END-OF-MESSAGE", "never@example.net"): "550 5.1.1 No such mailbox",
    }
    servers.policy.plan |= {at: [answer] for at, answer in (passing | final).items()}
    delayed = [latchkey.asked(address) for _, address in passing]
    refused = [latchkey.asked(address) for _, address in final]
    refused += [
        latchkey.asked(address)
        for address in [
            "gone@example.net",
            "jürgen@ascii.example.net",
            "never@relayed.example.net",
        ]
    ]
    small = latchkey.asked("ada@small.example.net")
    # OpenSMTPD refuses it for now, and Postfix gets it at once.
    later = latchkey.asked("later@relayed.example.net")
    for waiting in delayed:
        waiting.is_told(LATER)
    for waiting in refused:
        waiting.is_told(CHECK)
    small.is_told("could not be sent. Nothing is wrong with the address")
    for waiting in delayed:
        waiting.signs_in()
    assert BY_OPENSMTPD not in received(later.signs_in())
    for waiting in [*refused, small]:
        assert not servers.box.mails_to(waiting.address), f"{waiting.address} got a mail"


def returns(servers, latchkey):
    """A mail that was taken and came back is told to whoever waits for it."""
    words = {
        "gone@late.example.net": (CAME_BACK, "unknown user"),
        "gone@piped.example.net": (CAME_BACK, "unknown user"),
        "gone@relayed.example.net": (CAME_BACK, "User unknown"),
        "ada@full.example.net": (CAME_BACK, "The mailbox is full"),
        "ada@slow.example.net": (DELAYED, "The mailbox is being moved"),
    }
    asked = [latchkey.asked(address) for address in words]
    for waiting in asked:
        waiting.is_told(*words[waiting.address])
    _, listed = latchkey.command("suppressions", "list")
    for address in words:
        # A full mailbox is alive: the next mail is sent.
        assert (address in listed) == address.startswith("gone"), f"{address}: {listed}"


def refusals_of_us(servers):
    """What is refused to us blames no address, and is not sent where a certificate is wrong."""
    early = ("early", f"smtp://localhost:{servers.early}", {})
    with Latchkey(servers, early) as latchkey:
        for number, answer in enumerate(["450 4.7.0 Too fast", "550 5.7.1 Sender refused"]):
            # On an open connection a refusal does not count: it may be about that alone.
            servers.policy.plan["MAIL", ""] = 99 * [answer]
            waiting = latchkey.asked(f"early{number}@example.net")
            waiting.is_told(OF_US)
            del servers.policy.plan["MAIL", ""]
            waiting.signs_in()
    wrong = [
        ("name", f"smtp://localhost:{servers.wrong}?tls=required", "certificate"),
        ("password", servers.submission_url("guessed"), "at AUTH"),
        ("own-roots", f"smtp://localhost:{servers.late}?tls=required", "certificate"),
    ]
    for name, url, words in wrong:
        with Latchkey(servers, (name, url, {})) as latchkey:
            if name == "own-roots":
                # The machine's own roots, which know no private CA.
                del latchkey.settings["SSL_CERT_FILE"]
            code, said = latchkey.command("send-test-mail", f"{name}@example.net")
            assert code == 1 and words in said, f"{name}: {code}, {said}"
            assert not servers.box.mails_to(f"{name}@example.net"), name


def two_transports(servers):
    """The first server stops in the midst of sign-ins, and comes back: nobody is kept waiting, and
    no mail comes by both."""
    opensmtpd = ("opensmtpd", f"smtp://localhost:{servers.relay}", {})
    postfix = ("postfix", f"smtp://localhost:{servers.mx}", {})
    with Latchkey(servers, opensmtpd, postfix) as latchkey:

        def signs_in(number):
            if number == 20:
                servers.opensmtpd.stop()
            if number == 60:
                servers.opensmtpd.start()
            return latchkey.asked(f"two{number}@example.net").signs_in()

        with concurrent.futures.ThreadPoolExecutor(4) as people:
            mails = list(people.map(signs_in, range(80)))
        by_first = [mail for mail in mails if BY_OPENSMTPD in received(mail)]
        assert 0 < len(by_first) < len(mails), f"{len(by_first)} of {len(mails)} by the first"

        def is_back():
            number = secrets.randbelow(1_000_000)
            mail = latchkey.asked(f"back{number}@example.net").signs_in()
            return BY_OPENSMTPD in received(mail)

        until(is_back, "a mail by the first server", 40)
    ways = {}
    for _, mail in servers.box.delivered():
        ways.setdefault(mail["Message-ID"], set()).add(BY_OPENSMTPD in received(mail))
    twice = [name for name, by in ways.items() if len(by) > 1]
    assert not twice, f"{twice} came by both"


def received(mail):
    """The way of a mail, as the servers on it wrote it."""
    return " ".join(" ".join(mail.get_all("Received", [])).split())


def is_root():
    """Becomes root, where the machine lets people be that among users of their own."""
    if os.geteuid() == 0:
        return True
    namespace = ["unshare", "--user", "--map-root-user", "--map-auto"]
    test = [*namespace, "true"]
    if not shutil.which("unshare") or subprocess.run(test, capture_output=True).returncode != 0:
        return False
    return os.execvp(namespace[0], [*namespace, sys.executable, *sys.argv])


def main():
    if not UNPACKED.exists():
        say("SKIPPED: no Postfix and OpenSMTPD, which scripts/setup.sh all brings on Debian")
        return
    if not is_root():
        say("SKIPPED: Postfix and OpenSMTPD need root, of a container or of a user namespace:")
        say("for that, install the package uidmap and have lines in /etc/subuid and /etc/subgid")
        return
    with tempfile.TemporaryDirectory() as folder:
        servers = Servers(folder)
        with servers.postfix, servers.opensmtpd:
            with Latchkey(servers, *ways(servers)) as latchkey:
                deliveries(servers, latchkey)
                refusals(servers, latchkey)
                say("Postfix and OpenSMTPD take mails, delay them and refuse them")
                returns(servers, latchkey)
                say("mails that both took and returned are told of, by LMTP and by a pipe")
            refusals_of_us(servers)
            say("refusals of Latchkey itself blame no address, and no wrong server gets a mail")
            two_transports(servers)
            say("while the first server is down, the second has its mails")


main()
