#!/usr/bin/env python3
"""How the program starts, drains and ends, as its operator sees it.

    life_test.py --binary build/bin/idiolect --model DIR
"""
import argparse
import sys
import tempfile
import threading
import time
import unittest

from server_process import ServerProcess, generate_client

CALL_S = 60
SERVING, NOT_SERVING = 1, 2
ARGS = None


class OpenImport:
    """An import whose client has more to say: a call that stays in flight until finish()."""

    def __init__(self, server, count):
        self.more, self.count = threading.Event(), count
        self.call = server.history.ImportExchanges.future(self.records(), timeout=CALL_S)

    def record(self, number):
        return history_pb2.ImportExchangesRequest(
            user_id="ann", request_id=str(number), exchange=history_pb2.Exchange(post="hi", response=f"said {number}"))

    def records(self):
        for number in range(self.count):
            yield self.record(number)
        self.more.wait(CALL_S)
        yield self.record(self.count)

    def finish(self):
        self.more.set()
        return self.call.result()


class Appender(threading.Thread):
    """Appends until the server refuses. What was acknowledged, and what else went wrong."""

    def __init__(self, server, user):
        super().__init__()
        self.server, self.user, self.acknowledged, self.wrong = server, user, 0, []

    def run(self):
        while True:
            try:
                self.server.history.AppendExchange(history_pb2.AppendExchangeRequest(
                    user_id=self.user, exchange=history_pb2.Exchange(response=f"said {self.acknowledged}")),
                    timeout=CALL_S)
                self.acknowledged += 1
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    self.wrong.append(error)
                return


class LifeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.server = None

    def tearDown(self):
        if self.server is not None and self.server.process.poll() is None:
            self.server.stop()
        self.folder.cleanup()

    def start(self, *flags):
        self.server = ServerProcess(ARGS.binary, "--model", ARGS.model, "--store", f"sqlite:{self.folder.name}/db",
                                    *flags)
        return self.server

    def eventually(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, "".join(self.server.printed))
            time.sleep(0.02)

    def exchange_count(self, user):
        return self.server.profile.GetProfile(profile_pb2.GetProfileRequest(user_id=user), timeout=CALL_S).exchange_count

    def test_says_what_it_depends_on(self):
        server = self.start()
        starts = [line.split()[0] for line in server.printed if not line.startswith("[")]
        for what in ["store", "model", "engine", "listening"]:
            self.assertEqual(starts.count(what), 1, server.printed)
        self.assertEqual(starts[-1], "listening")
        for service in ["", "liveness", "idiolect.v1.DialogueService", "idiolect.v1.ModelService"]:
            self.assertEqual(server.health(service), SERVING, service)

    def test_sigterm_lets_calls_in_flight_finish(self):
        server = self.start()
        open_import = OpenImport(server, 600)
        self.eventually(lambda: self.exchange_count("ann") > 0)
        server.signal()
        self.eventually(lambda: server.health() == NOT_SERVING)
        self.assertEqual(server.health("liveness"), SERVING)
        with self.assertRaises(grpc.RpcError) as refused:
            self.exchange_count("ann")
        self.assertEqual(refused.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(open_import.finish().stored_count, 601)
        self.assertEqual(server.await_end(), 0, server.printed)
        self.start()
        self.assertEqual(self.exchange_count("ann"), 601)

    def test_calls_that_outlive_the_limit_are_cancelled(self):
        server = self.start("--drain-seconds", "0.5")
        open_import = OpenImport(server, 1)
        self.eventually(lambda: self.exchange_count("ann") == 1)
        server.signal()
        self.assertEqual(open_import.call.code(), grpc.StatusCode.CANCELLED)
        open_import.more.set()
        self.assertEqual(server.await_end(), 0, server.printed)

    def test_sigterm_under_load_loses_nothing_acknowledged(self):
        server = self.start()
        appenders = [Appender(server, f"user-{i}") for i in range(8)]
        for appender in appenders:
            appender.start()
        self.eventually(lambda: all(appender.acknowledged > 5 for appender in appenders))
        server.signal()
        for appender in appenders:
            appender.join(CALL_S)
            self.assertEqual(appender.wrong, [])
        self.assertEqual(server.await_end(), 0, server.printed)
        self.start()
        for appender in appenders:
            self.assertEqual(self.exchange_count(appender.user), appender.acknowledged)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the program idiolect")
    parser.add_argument("--model", required=True, help="a model directory")
    ARGS, rest = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as generated:
        globals().update(generate_client(generated))
        unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
