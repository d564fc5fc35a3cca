#!/usr/bin/env python3
"""Prints a port, and holds it until the input ends: its socket is bound and does not listen, so
that a server which sets SO_REUSEADDR may, while nobody else is given it."""

import socket
import sys

held = socket.socket()
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind(("127.0.0.1", 0))
print(held.getsockname()[1], flush=True)
sys.stdin.read()
