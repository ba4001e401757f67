#!/usr/bin/env python3
"""Who answers for whom behind docker/haproxy.cfg, and what passes it.

    proxy_test.py --binary build/bin/idiolect --model DIR

The servers share no database here: all have been told the same histories.
"""
import argparse
import concurrent.futures
import http.client
import socket
import ssl
import sys
import tempfile
import threading
import unittest
import warnings

import haproxy
import raw_http2
from routed_client import CALL_S, RoutedClient, route
from server_process import ServerProcess, generate_client

USERS = [f"user {number}" for number in range(120)]
ARGS = None
NOT_INSTALLED = 77    # for ctest: skipped


def start_server(_):
    return ServerProcess(ARGS.binary, "--model", ARGS.model, "--store", "memory:", "--engines", "1",
                         "--max-resets-per-second", "0", "--max-bytes-per-second", "0")    # the proxy does that


def tell_histories(server):
    server.history.ImportExchanges((history_pb2.ImportExchangesRequest(
        user_id=user, request_id=str(number), exchange=history_pb2.Exchange(post="hi", response=f"{user} says {number}"))
        for user in USERS for number in range(3)), timeout=CALL_S)


class ProxyTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def start(self, count, behind):
        """`count` servers, of which the first `behind` stand behind the proxy."""
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            self.servers = dict(zip(range(1, count + 1), pool.map(start_server, range(count))))
        for server in self.servers.values():
            self.addCleanup(server.await_end)
            self.addCleanup(server.signal)
        self.proxy = haproxy.Proxy(self.folder.name, self.addresses(behind))
        self.addCleanup(self.proxy.stop)
        self.client = RoutedClient(self.proxy.address, self.proxy.certificate)
        self.addCleanup(self.client.close)

    def addresses(self, behind):
        return {number: server.address for number, server in self.servers.items() if number <= behind}

    def ask_all(self):
        """The users whose profiles had to be built, and the calls that each server had."""
        before = self.proxy.calls()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            built = dict(zip(USERS, pool.map(lambda user: self.client.reply(user)[1], USERS)))
        after = self.proxy.calls()
        return {user for user in USERS if built[user]}, {number: after[number] - before[number] for number in after}

    def test_servers_that_come_and_go_move_their_own_users_only(self):
        self.start(4, behind=3)
        for server in self.servers.values():
            tell_histories(server)
        with self.subTest("a user stays with one server"):
            cold, _ = self.ask_all()
            self.assertEqual(cold, set(USERS))
            cold, calls = self.ask_all()
            self.assertEqual(cold, set())
            self.assertGreater(min(calls.values()), len(USERS) / 3 / 2, calls)
        with self.subTest("a fourth server takes about a quarter, and nobody else moves"):
            self.proxy.reload(self.addresses(4))
            self.client.close()
            self.client = RoutedClient(self.proxy.address, self.proxy.certificate)
            cold, calls = self.ask_all()
            self.assertEqual(len(cold), calls[4])
            self.assertTrue(len(USERS) * 0.15 < len(cold) < len(USERS) * 0.35, calls)
        with self.subTest("a server that is killed leaves its own users cold, and nobody unanswered"):
            self.servers[2].process.kill()
            cold, _ = self.ask_all()
            self.assertEqual(len(cold), calls[2])
            self.assertEqual(self.ask_all()[0], set())

    def test_a_server_that_is_not_ready_gets_no_calls(self):
        self.start(2, behind=2)
        self.servers[1].process.kill()
        self.proxy.await_state(1, "DOWN")
        before = self.proxy.calls()
        for user in USERS[:20]:
            self.client.reply(user)
        after = self.proxy.calls()
        self.assertEqual(after[1], before[1])
        self.assertEqual(after[2], before[2] + 20)

    def test_servers_may_be_spoken_to_over_tls(self):
        haproxy.make_certificate(self.folder.name)
        certificate = f"{self.folder.name}/cert.pem"
        server = ServerProcess(ARGS.binary, "--model", ARGS.model, "--store", "memory:", "--tls-cert", certificate,
                               "--tls-key", f"{self.folder.name}/key.pem", "--max-resets-per-second", "0", "--max-bytes-per-second", "0")
        self.addCleanup(server.stop)
        for name, expected in [("localhost", "UP"), ("elsewhere", "DOWN")]:
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                proxy = haproxy.Proxy(folder, {1: server.address}, expected, IDIOLECT_SERVER_CA=certificate,
                                      IDIOLECT_SERVER_NAME=name)
                client = RoutedClient(proxy.address, proxy.certificate)
                if expected == "UP":
                    self.assertEqual(client.append("ann", "1", "over TLS all the way"), 1)
                client.close()
                proxy.stop()

    def test_only_the_api_passes(self):
        self.start(1, behind=1)
        with self.subTest("reflection ends at the proxy"):
            call = self.client.channel.unary_unary("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
            with self.assertRaises(grpc.RpcError) as raised:
                call(b"", timeout=CALL_S)
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNIMPLEMENTED)
            self.assertEqual(self.proxy.calls()[1], 0)
        with self.subTest("so do headers that gRPC 1.51 could not bear"):
            for size, passes in [(4000, True), (7000, False), (12000, False)]:
                before = self.proxy.calls()[1]
                call = self.client.channel.unary_unary("/grpc.health.v1.Health/Check")
                if passes:
                    call(b"", timeout=CALL_S, metadata=[("filler", "x" * size)])
                else:
                    with self.assertRaises(grpc.RpcError) as raised:
                        call(b"", timeout=CALL_S, metadata=[("filler", "x" * size)])
                    self.assertEqual(raised.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
                self.assertEqual(self.proxy.calls()[1] - before, int(passes), size)
        with self.subTest("so does what is not gRPC"):
            connection = http.client.HTTPSConnection("localhost", self.proxy.port, timeout=CALL_S,
                                                     context=ssl.create_default_context(cafile=self.proxy.certificate))
            connection.request("GET", "/idiolect.v1.DialogueService/GenerateReply")
            self.assertEqual(connection.getresponse().status, 404)
            connection.close()
        with self.subTest("TLS below 1.2 is refused"):
            self.assertEqual(self.handshake(ssl.TLSVersion.TLSv1_2), "TLSv1.2")
            self.assertRaises((ssl.SSLError, OSError), self.handshake, ssl.TLSVersion.TLSv1_1)

    def test_rapid_resets_are_cut_off_and_cost_others_nothing(self):
        self.start(1, behind=1)
        attacker = threading.Thread(target=self.attack)
        attacker.start()
        replies = 0
        while attacker.is_alive():
            self.client.reply("ann")
            replies += 1
        self.assertLess(self.survived, self.ATTACKS, "the proxy put up with all of it")
        self.assertLess(self.proxy.calls()[1], replies + 22000)
        self.client.reply("ann")

    ATTACKS, CALLS_PER_ATTACK = 40, 5000

    def attack(self):
        """From an address of its own, until the proxy has had enough."""
        for self.survived in range(self.ATTACKS):
            try:
                with raw_http2.connect(self.proxy.address, self.proxy.certificate, source="127.0.0.2") as connection:
                    raw_http2.reset_rapidly(connection, "/idiolect.v1.DialogueService/GenerateReply", self.CALLS_PER_ATTACK)
            except OSError:
                return
        self.survived = self.ATTACKS

    def handshake(self, version):
        context = ssl.create_default_context(cafile=self.proxy.certificate)
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("ALL:@SECLEVEL=0")    # or this side would refuse the old version by itself
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("localhost", self.proxy.port), timeout=CALL_S) as raw:
            with context.wrap_socket(raw, server_hostname="localhost") as connection:
                return connection.version()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--model", required=True)
    ARGS, rest = parser.parse_known_args()
    if haproxy.find_haproxy() is None:
        print("skipped: HAProxy is not installed (scripts/install-deps)")
        sys.exit(NOT_INSTALLED)
    with tempfile.TemporaryDirectory() as generated:
        globals().update(generate_client(generated))
        unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
