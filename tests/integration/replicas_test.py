#!/usr/bin/env python3
"""Three servers on one PostgreSQL behind docker/haproxy.cfg, under load: killed, restarted one by one, read across.

    replicas_test.py --binary build/bin/idiolect --model DIR
"""
import argparse
import collections
import concurrent.futures
import sys
import tempfile
import threading
import time
import unittest

import haproxy
import postgres
from routed_client import CALL_S, RoutedClient, route
from server_process import ServerProcess, generate_client

SERVERS = 3
WRITERS, USERS_PER_WRITER = 6, 4
ARGS = None
NOT_INSTALLED = 77    # for ctest: skipped


class Writer(threading.Thread):
    """Appends for its users in turn, and asks each for a reply that knows what was appended, until it is stopped."""

    def __init__(self, name, proxy):
        super().__init__()
        self.client = RoutedClient(proxy.address, proxy.certificate)
        self.users = [f"{name} {k}" for k in range(USERS_PER_WRITER)]
        self.acknowledged = collections.defaultdict(list)
        self.failures, self.stopping = [], threading.Event()

    def run(self):
        number = 0
        while not self.stopping.is_set():
            self.talk(self.users[number % len(self.users)], f"said {number}")
            number += 1
        self.client.close()

    def talk(self, user, said):
        try:
            revision = self.client.append(user, said, said)
            self.acknowledged[user].append(said)
            built_from, _ = self.client.reply(user, revision)
            if built_from < revision:
                self.failures.append(f"asked for revision {revision}, got a reply from {built_from}")
        except grpc.RpcError as error:
            self.failures.append(error)

    def count(self):
        return sum(map(len, self.acknowledged.values()))


class ReplicasTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """One database, proxy and set of servers for all tests: each leaves the servers running."""
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.database = postgres.Postgres(folder.name)
        cls.addClassCleanup(cls.database.stop)
        cls.ports = {number: haproxy.free_port() for number in range(1, SERVERS + 1)}
        cls.servers = {}
        cls.addClassCleanup(cls.stop_servers)
        with concurrent.futures.ThreadPoolExecutor(SERVERS) as pool:
            list(pool.map(cls.start_server, cls.ports))
        cls.proxy = haproxy.Proxy(folder.name, {number: server.address for number, server in cls.servers.items()})
        cls.addClassCleanup(cls.proxy.stop)

    @classmethod
    def start_server(cls, number):
        cls.servers[number] = ServerProcess(ARGS.binary, "--model", ARGS.model, "--store", cls.database.url, "--engines", "1",
                                            "--max-resets-per-second", "0", "--max-bytes-per-second", "0",
                                            listen=f"127.0.0.1:{cls.ports[number]}")

    @classmethod
    def stop_servers(cls):
        for server in cls.servers.values():
            server.channel.close()
            server.signal()
        for server in cls.servers.values():
            server.await_end()

    def setUp(self):
        self.writers = []
        self.addCleanup(self.stop_load)

    def start_load(self):
        self.writers = [Writer(f"{self.id()} {number}", self.proxy) for number in range(WRITERS)]
        for writer in self.writers:
            writer.start()

    def stop_load(self):
        for writer in self.writers:
            writer.stopping.set()
        for writer in self.writers:
            writer.join()

    def await_writes(self, more):
        """Until each writer has had `more` answers since now."""
        goals = [writer.count() + more for writer in self.writers]
        deadline = time.monotonic() + CALL_S
        while any(writer.count() < goal for writer, goal in zip(self.writers, goals)):
            self.assertLess(time.monotonic(), deadline, "the load stands still")
            time.sleep(0.02)

    def check_nothing_failed_nor_was_lost(self):
        """Every server has every acknowledged exchange once, and nothing else."""
        self.stop_load()
        self.assertEqual([failure for writer in self.writers for failure in writer.failures], [])
        for server in self.servers.values():
            for writer in self.writers:
                for user in writer.users:
                    exported = server.history.ExportUser(history_pb2.ExportUserRequest(user_id=user), timeout=CALL_S)
                    self.assertEqual([message.exchange.response for message in exported], writer.acknowledged[user])

    def test_a_killed_server_loses_nothing_acknowledged(self):
        self.start_load()
        self.await_writes(5)
        self.servers[2].process.kill()
        self.await_writes(20)
        self.servers[2].await_end()
        self.start_server(2)
        self.proxy.await_state(2, "UP")
        self.await_writes(5)
        self.check_nothing_failed_nor_was_lost()

    def test_a_rolling_restart_fails_no_request(self):
        self.start_load()
        for number in self.ports:
            self.await_writes(5)
            self.servers[number].channel.close()
            self.servers[number].signal()
            self.assertEqual(self.servers[number].await_end(), 0)
            self.start_server(number)
            self.proxy.await_state(number, "UP")
        self.await_writes(5)
        self.check_nothing_failed_nor_was_lost()

    def test_what_one_server_wrote_any_other_reads(self):
        revision = 0
        for round_ in range(5):
            for writer in self.servers.values():
                revision = writer.history.AppendExchange(history_pb2.AppendExchangeRequest(
                    user_id="ann", exchange=history_pb2.Exchange(response=f"said in round {round_}")), timeout=CALL_S).revision
                for reader in self.servers.values():
                    reply = reader.dialogue.GenerateReply(dialogue_pb2.GenerateReplyRequest(
                        user_id="ann", post="and you?", min_revision=revision), timeout=CALL_S)
                    self.assertEqual(reply.profile_revision, revision)
        self.assertEqual(revision, 5 * SERVERS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--model", required=True)
    ARGS, rest = parser.parse_known_args()
    for installed, name in [(haproxy.find_haproxy(), "HAProxy"), (postgres.is_installed(), "PostgreSQL 15")]:
        if not installed:
            print(f"skipped: {name} is not installed (scripts/install-deps)")
            sys.exit(NOT_INSTALLED)
    with tempfile.TemporaryDirectory() as generated:
        globals().update(generate_client(generated))
        unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
