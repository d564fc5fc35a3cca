#!/usr/bin/env python3
"""Counts mails: an SMTP server that takes everything, with PIPELINING, as fast as it comes. Prints
its port, and the number of mails so far for each line of its input."""

import asyncio
import sys

COUNT = 0


class Conversation(asyncio.Protocol):
    """A mail client's connection."""

    def connection_made(self, transport):
        self.transport, self.unread, self.in_message = transport, b"", False
        transport.write(b"220 sink\r\n")

    def data_received(self, data):
        self.unread += data
        answers = []
        while (answer := self.next_answer()) is not None:
            answers.append(answer)
        self.transport.write(b"".join(answers))

    def next_answer(self):
        """Takes the next command or message from what is unread; None where it is incomplete."""
        global COUNT
        taken, found, rest = self.unread.partition(b"\r\n.\r\n" if self.in_message else b"\r\n")
        if not found:
            return None
        self.unread = rest
        if self.in_message:
            self.in_message, COUNT = False, COUNT + 1
            return b"250 ok\r\n"
        match taken[:4].upper():
            case b"EHLO":
                return b"250-sink\r\n250 PIPELINING\r\n"
            case b"DATA":
                self.in_message = True
                return b"354 go on\r\n"
            case b"QUIT":
                return b"221 bye\r\n"
            case _:
                return b"250 ok\r\n"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Conversation, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop.add_reader(sys.stdin, lambda: sys.stdin.readline() and print(COUNT, flush=True))
    await server.serve_forever()


asyncio.run(main())
