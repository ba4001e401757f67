#!/usr/bin/env python3
"""How the program starts, drains and ends, as its operator sees it.

    life_test.py --binary build/bin/idiolect --fixtures tests/model/fixtures
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import struct
import sys
import tempfile
import threading
import time
import unittest

from server_process import ServerProcess, generate_client

CALL_S = 60
SERVING, NOT_SERVING = 1, 2
ARGS = None


def make_model(folder, name):
    """The fixture model `name` as a model directory."""
    folder.mkdir(exist_ok=True)
    fixtures = pathlib.Path(ARGS.fixtures)
    shutil.copy(fixtures / f"{name}.config.json", folder / "config.json")
    shutil.copy(fixtures / f"{'-'.join(name.split('-')[:2])}.safetensors", folder / "model.safetensors")
    shutil.copy(fixtures / "tokenizer.model", folder / "tokenizer.model")
    return folder


def change_weights(folder, change):
    """Replaces the data of the tensors, whose header says that they are float32, by change(data); no checksums."""
    path = folder / "model.safetensors"
    data = path.read_bytes()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    text = json.dumps(header).encode()
    fresh = folder / "fresh"
    fresh.write_bytes(struct.pack("<Q", len(text)) + text + change(data[8 + size:]))
    fresh.rename(path)


def enlarge(data):
    """Finite weights with which every sum overflows."""
    return struct.pack("<f", 3e38) * (len(data) // 4)


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


class Replier(threading.Thread):
    """Asks for one reply after the other until it is stopped."""

    def __init__(self, server, user):
        super().__init__()
        self.server, self.user, self.answered, self.wrong, self.running = server, user, 0, [], True

    def run(self):
        while self.running:
            try:
                self.server.dialogue.GenerateReply(
                    dialogue_pb2.GenerateReplyRequest(user_id=self.user, post="hi"), timeout=CALL_S)
                self.answered += 1
            except grpc.RpcError as error:
                self.wrong.append(error)

    def stop(self):
        self.running = False
        self.join(CALL_S)


class LifeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.models = pathlib.Path(self.folder.name, "models")
        self.models.mkdir()
        self.model = make_model(self.models / "first", "untied-3-general-memory-copy-post_copy")
        self.server = None

    def tearDown(self):
        if self.server is not None and self.server.process.poll() is None:
            self.server.stop()
        self.folder.cleanup()

    def start(self, *flags):
        self.server = ServerProcess(ARGS.binary, "--model", str(self.model), "--store",
                                    f"sqlite:{self.folder.name}/db", *flags)
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

    def test_scheduling_is_a_setting(self):
        self.assertEqual(os.sched_getscheduler(self.start().process.pid), os.SCHED_BATCH)
        self.server.stop()
        self.assertEqual(os.sched_getscheduler(self.start("--no-batch-scheduling").process.pid), os.SCHED_OTHER)

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

    # --- another model ---

    def model_hash(self):
        return self.server.model.GetModel(model_pb2.GetModelRequest(), timeout=CALL_S).content_hash

    def load(self, name, content_hash=""):
        return self.server.model.LoadModel(model_pb2.LoadModelRequest(name=name, content_hash=content_hash),
                                           timeout=CALL_S)

    def refused(self, name, **fields):
        with self.assertRaises(grpc.RpcError) as raised:
            self.load(name, **fields)
        return raised.exception.code()

    def test_sighup_loads_the_directory_anew(self):
        server = self.start()
        before = self.model_hash()
        make_model(self.model, "tied-2-general-memory-copy")
        server.signal(signal.SIGHUP)
        self.eventually(lambda: self.model_hash() != before)

    def test_sighup_keeps_the_model_where_the_new_one_is_damaged(self):
        server = self.start()
        before = self.model_hash()
        (self.model / "config.json").write_text("{}")
        server.signal(signal.SIGHUP)
        self.eventually(lambda: any("keeping the model" in line for line in server.printed))
        self.assertEqual(self.model_hash(), before)

    def test_a_model_takes_over_under_load_without_a_failure(self):
        server = self.start()
        make_model(self.models / "second", "tied-2-general-memory-copy")
        repliers = [Replier(server, f"user-{i}") for i in range(4)]
        for replier in repliers:
            replier.start()
        self.eventually(lambda: all(replier.answered > 0 for replier in repliers))
        hashes = set()
        for name in ["second", "first", "second"]:
            counts = [replier.answered for replier in repliers]
            hashes.add(self.load(name).content_hash)
            self.eventually(lambda: all(r.answered > count + 1 for r, count in zip(repliers, counts)))
        for replier in repliers:
            replier.stop()
            self.assertEqual(replier.wrong, [])
        self.assertEqual(len(hashes), 2)
        self.assertEqual(self.model_hash(), self.load("second").content_hash)

    def test_models_that_fail_a_check_never_serve(self):
        server = self.start()
        before = self.model_hash()
        change_weights(make_model(self.models / "overflowing", "tied-2-general-memory-copy"), enlarge)
        damaged = make_model(self.models / "damaged", "tied-2-general-memory-copy")
        (damaged / "tokenizer.model").write_bytes(b"no tokenizer")
        self.assertEqual(self.refused("overflowing"), grpc.StatusCode.FAILED_PRECONDITION)
        self.assertEqual(self.refused("damaged"), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertEqual(self.refused("missing"), grpc.StatusCode.NOT_FOUND)
        self.assertEqual(self.refused("first", content_hash="0" * 64), grpc.StatusCode.FAILED_PRECONDITION)
        self.assertEqual(self.model_hash(), before)
        self.assertEqual(server.stop(), 0)
        self.model = self.models / "overflowing"
        with self.assertRaisesRegex(AssertionError, "self-test"):
            self.start()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the program idiolect")
    parser.add_argument("--fixtures", required=True, help="the folder of the fixture models")
    ARGS, rest = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as generated:
        globals().update(generate_client(generated))
        unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
