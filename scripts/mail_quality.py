#!/usr/bin/env python3
"""Judges every kind of mail, in every language, as it arrives from a running server: dkimpy
verifies its signatures, SpamAssassin holds nothing against it, and text and HTML say the same. With
a folder as its argument, it leaves the mails there."""

import html.parser
import mailbox
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import dkim

from mail_reader import Browser, Inbox, code_of, parsed, text_of

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

# Found by the line above.
from harness import (
    PROGRAM,
    TOP,
    Process,
    environment,
    held_port,
    say,
)

DOMAIN, HOST = "example.com", "login.example.com"
LANGUAGES = sorted(folder.name for folder in (TOP / "words").iterdir() if folder.is_dir())
MODES = ["LINK_OTP", "LINK", "OTP"]
KEYS = {"r1": "rsa", "e1": "ed25519"}
SUPPORT = "https://example.com/help"
PASSWORD = "correct horse battery"
MOST_BYTES = 20_000

# Every mail with HTML has this rule, for 0.001 points.
ALLOWED = {"HTML_MESSAGE"}


def browser_at(port, language):
    """A browser whose requests come by a proxy."""
    https = {"host": HOST, "x_forwarded_proto": "https", "origin": f"https://{HOST}"}
    return Browser(port, language, **https)


def every_kind(port, inbox, language):
    """Returns a mail of every kind, by its name."""
    mails = {}
    for template in ["SIGNIN", "SIGNUP"]:
        for mode in MODES:
            address = f"{template}.{mode}.{language}@example.net".lower()
            browser_at(port, language).ask(address, passwordless_type=mode, template=template)
            mails[f"{template} {mode}"] = inbox.nth_to(address, 1)
    address = f"owner.{language}@example.net"
    # The second browser is one that the address does not know.
    for number in [1, 2]:
        browser = browser_at(port, language)
        request = browser.ask(address)
        code = code_of(text_of(parsed(inbox.nth_to(address, number))))
        browser.post(200, "/api/auth/verify", {"code": code, "auth_request_id": request})
    mails["new device"] = inbox.nth_to(address, 3)
    for number, (kind, form) in enumerate(
        {"password set": f"password={PASSWORD}", "password removed": "password="}.items()
    ):
        browser.post(200, "/actions/set-password", form.replace(" ", "+"))
        mails[kind] = inbox.nth_to(address, 4 + number)
    for kind, raw in mails.items():
        assert parsed(raw)["Content-Language"] == language, f"{kind} is not in {language}"
    return {f"{kind}, {language}": raw for kind, raw in mails.items()}


# Elements without an end.
VOID = {"meta", "br", "img", "hr", "link", "input"}


class Page(html.parser.HTMLParser):
    """What a mail program shows of HTML, and what it would fetch for it."""

    def __init__(self, text):
        super().__init__()
        self.open, self.words, self.links, self.tags, self.meta = [], [], [], [], {}
        self.feed(text)
        self.close()
        assert not self.open, f"{self.open} are not closed"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag == "meta" and "name" in attributes:
            self.meta[attributes["name"]] = attributes.get("content")
        if tag == "a":
            self.links.append([attributes["href"], ""])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> ends {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        if {"head", "style", "title"} & set(self.open):
            return
        self.words.append(data)
        if "a" in self.open:
            self.links[-1][1] += data

    @property
    def shown(self):
        return squeezed("".join(self.words))


def squeezed(text):
    """Text without white space, and without what only parts or pads: as two texts are compared."""
    return re.sub(r"[\s\u034f\u2007\u2068\u2069]+", "", text)


def judge_content(raw, mail):
    """Says the first thing that is wrong with what a mail says and how."""
    assert len(raw) < MOST_BYTES, f"{len(raw)} bytes"
    assert mail["Auto-Submitted"] == "auto-generated"
    for name in mail:
        assert not name.startswith("List-"), f"{name}: somebody would unsubscribe from signing in"
    for name in ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version"]:
        assert len(mail.get_all(name, [])) == 1, name
    assert mail["Message-ID"].endswith(f"@{HOST}>"), mail["Message-ID"]
    assert all(len(line) <= 998 for line in raw.split(b"\r\n")), "RFC 5322, 2.1.1"
    assert b"\n" not in raw.replace(b"\r\n", b""), "RFC 5321, 2.3.8"
    if not mail.is_multipart():
        return
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    text, source = text_of(mail), mail.get_body(["html"]).get_content()
    page = Page(source)
    judge_page(page, source)
    judge_sameness(text, page)


def judge_page(page, source):
    for tag, attributes in page.tags:
        forbidden = {"img", "script", "iframe", "form", "link", "object", "video", "svg", "base"}
        assert tag not in forbidden, f"<{tag}> is stripped, or asks a server"
        assert not {"src", "background", "srcset"} & set(attributes), f"<{tag}> fetches something"
        assert not [name for name in attributes if name.startswith("on")], tag
        if tag == "table":
            assert attributes["role"] == "presentation", "a table is read aloud as one"
    assert "url(" not in source and "@import" not in source, "a style fetches something"
    assert page.meta["color-scheme"] == page.meta["supported-color-schemes"] == "light dark"
    assert "prefers-color-scheme: dark" in source
    # Without <style>, as in Gmail's app for other accounts, each element has its look by itself.
    bare = re.sub(r"<style>.*?</style>", "", source, flags=re.DOTALL)
    for tag, attributes in Page(bare).tags:
        if tag in {"p", "h1", "a"}:
            assert "color:" in attributes["style"], f"<{tag}> has no colour of its own"
    # Outlook for Windows obeys no max-width, and gives padding to cells alone.
    assert "<!--[if mso]><table" in source
    cell = {}
    for tag, attributes in page.tags:
        cell = attributes if tag == "td" else cell
        if tag == "a" and "padding:" in attributes["style"]:
            assert "mso-padding-alt:" in cell["style"], "a button is narrow in Outlook"
    # Others take the address that is shown for the address that is meant.
    for href, shown in page.links:
        assert re.match(r"(https|mailto):", href), href
        for url in re.findall(r"\S+://\S+", shown):
            assert url == href, f"{url} leads to {href}"


def judge_sameness(text, page):
    """Text and HTML have the same links, code and sentences."""
    in_text = set(re.findall(r"https://\S+", text))
    in_page = {href for href, _ in page.links}
    assert in_text == in_page, in_text ^ in_page
    for url in in_text - {SUPPORT}:
        assert url.startswith(f"https://{HOST}/"), url
    for line in text.split("\n"):
        # A line that leads to a link is worded for the button there; the link was compared.
        if line.endswith(":") or "://" in line:
            continue
        twice = re.search(r"(.{8,})\1", squeezed(line))
        assert not twice, f"{twice[1]!r} is said twice"
        for sentence in re.split(r"(?<=[.!?])\s+", line):
            assert squeezed(sentence) in page.shown, f"the HTML lacks {sentence!r}"
    numbers = set(re.findall(r"\d+", page.shown)) - set(re.findall(r"\d+", squeezed(text)))
    assert not numbers, f"the text lacks {numbers}"


def records(program, env, folder):
    """The DNS records of new keys, by name, and their entries for the policy file."""
    entries = ""
    for selector, kind in KEYS.items():
        new = ["dkim", "new", "--selector", selector, "--type", kind, "--key", f"{selector}.pem"]
        said = subprocess.check_output([program, *new], env=env, cwd=folder, text=True)
        entries += said[said.index("[[mail.dkim]]") :]
    pathlib.Path(env["LATCHKEY_CONFIG"]).write_text(entries + "[auth]\npasswords = 'optional'\n")
    shown = subprocess.check_output([program, "dkim", "show"], env=env, cwd=folder, text=True)
    names = re.findall(r"^(\S+\.) IN TXT", shown, re.MULTILINE)
    texts = re.findall(r"^v=DKIM1.*$", shown, re.MULTILINE)
    assert len(names) == len(texts) == len(KEYS), shown
    return dict(zip(names, texts, strict=True))


def judge_signatures(raw, known):
    """Each signature is good, and not for a mail that was changed."""

    def dns(name, timeout=None):
        return known[name.decode()].encode()

    def is_good(raw, index):
        try:
            return dkim.DKIM(raw).verify(idx=index, dnsfunc=dns)
        except dkim.ValidationError:
            return False

    assert raw.count(b"DKIM-Signature:") == len(KEYS)
    for index in range(len(KEYS)):
        assert is_good(raw, index), f"signature {index} is not good"
        for changed in [
            raw.replace(b"\r\nSubject: ", b"\r\nSubject: Re: "),
            raw.replace(b"\r\nFrom: ", b"\r\nFrom: eve@example.com\r\nFrom: "),
            raw + b"One line more.\r\n",
        ]:
            assert not is_good(changed, index), f"signature {index} is good for another mail"


def came_by(raw, address):
    """A mail as it lies in a mailbox: with what the receiving server wrote above it."""
    way = (
        f"Return-Path: <no-reply@{DOMAIN}>\r\n"
        f"Delivered-To: {address}\r\n"
        f"Received: from mail.{DOMAIN} (mail.{DOMAIN} [9.9.9.9])\r\n"
        "\tby mx.example.net (Postfix) with ESMTPS id 4XyZ0000000\r\n"
        f"\tfor <{address}>; {parsed(raw)['Date']}\r\n"
    )
    return way.encode() + raw


def judge_by_spamassassin(mails):
    """No rule counts against a mail. What is in the DNS is not asked for."""
    name, raw = next(iter(mails.items()))
    # A mail without a date is suspect. If this one is not, no rule was asked.
    undated = re.sub(rb"\r\nDate: [^\r]*", b"", raw)
    verdicts = spamassassin(mails | {"undated": undated})
    against = " ".join(verdicts.pop("undated"))
    assert "MISSING_DATE" in against, f"{name} may have no date: {against}"
    faults = [f"{name}: {', '.join(rules)}" for name, rules in verdicts.items() if rules]
    assert not faults, "\n".join(["SpamAssassin holds something against mails", *faults])


def spamassassin(mails):
    """The rules that count against each mail, with their points."""
    with tempfile.TemporaryDirectory() as folder:
        box = mailbox.mbox(f"{folder}/given")
        for name, raw in mails.items():
            # It judges them in an order of its own.
            named = b"X-Name: " + name.encode() + b"\r\n" + raw
            box.add(came_by(named, parsed(raw)["To"]).replace(b"\r\n", b"\n"))
        box.flush()
        judged = pathlib.Path(folder, "judged")
        # Without what people or a network have taught this machine.
        command = ["spamassassin", "-L", "-x", "-t", "--cf", "use_bayes 0"]
        command += ["--cf", "add_header all Rules _TESTSSCORES(|)_", "--mbox", f"{folder}/given"]
        with judged.open("wb") as into:
            subprocess.run(command, stdout=into, check=True, cwd=folder)
        found = {}
        for mail in mailbox.mbox(judged):
            rules = re.findall(r"(\w+)=(-?[\d.]+)", re.sub(r"\s", "", mail["X-Spam-Rules"]))
            found[mail["X-Name"]] = [
                f"{rule} {points}"
                for rule, points in rules
                if float(points) > 0 and rule not in ALLOWED
            ]
    assert found.keys() == mails.keys(), f"{len(found)} of {len(mails)} mails were judged"
    return found


def main():
    inbox, port = Inbox(), held_port()
    with tempfile.TemporaryDirectory() as folder:
        env = environment(f"sqlite://{folder}/latchkey.db", port, inbox) | {
            "LATCHKEY_ENV": "production",
            "LATCHKEY_CONFIG": f"{folder}/Leptos.toml",
            "LATCHKEY_PUBLIC_URL": f"https://{HOST}",
            "LATCHKEY_MAIL__FROM": f"Example <no-reply@{DOMAIN}>",
            "LATCHKEY_BRAND__NAME": "Example",
            "LATCHKEY_BRAND__SUPPORT": SUPPORT,
        }
        pathlib.Path(env["LATCHKEY_CONFIG"]).write_text("[auth]\n")
        known = records(PROGRAM, env, folder)
        with Process([PROGRAM], env, folder, core=None) as server:
            server.until_answers(port, "/healthz")
            mails = {}
            for language in LANGUAGES:
                mails |= every_kind(port, inbox, language)
        test = [PROGRAM, "send-test-mail", "ops@example.net"]
        subprocess.run(test, env=env, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        mails["test mail"] = inbox.nth_to("ops@example.net", 1)
    for folder in sys.argv[1:]:
        for name, raw in mails.items():
            pathlib.Path(folder, f"{name}.eml").write_bytes(raw)
    for name, raw in mails.items():
        try:
            judge_content(raw, parsed(raw))
            judge_signatures(raw, known)
        except AssertionError as fault:
            raise AssertionError(f"{name}: {fault}") from fault
    say(f"{len(mails)} mails are signed twice, and say the same in text and HTML")
    if shutil.which("spamassassin"):
        judge_by_spamassassin(mails)
        say(f"SpamAssassin holds nothing against any of the {len(mails)}")
    else:
        say("SKIPPED: no SpamAssassin and no apt-get to install it, so no mail was judged by one")


main()
