#!/usr/bin/env python3
"""What the operator of the program sees: metrics over HTTP, the dashboard and the alerts that are made of them, logs.

    observe_test.py --binary build/bin/idiolect --model DIR
"""
import argparse
import concurrent.futures
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

from server_process import ROOT, ServerProcess, generate_client

CALL_S = 60
ARGS = None
MARKED = ["markeduser", "markedpost", "markedresponse", "markedcandidate", "markedsource"]


def expressions():
    """Every PromQL expression of the alerts and the dashboard, by where it stands."""
    found = {}
    for number, line in enumerate((ROOT / "docker/prometheus/alerts.yaml").read_text().splitlines()):
        if re.match(r"\s+(expr:|> |sum |rate)", line):
            found[f"alerts.yaml:{number + 1}"] = line
    for panel in json.loads((ROOT / "docker/grafana/idiolect.json").read_text())["panels"]:
        for target in panel.get("targets", []):
            found[f"panel {panel['title']}, {target['refId']}"] = target["expr"]
    return found


class Collector:
    """Takes the spans of traces, on a free port."""

    def __init__(self):
        self.lock, self.spans = threading.Lock(), []
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        trace_pb2_grpc.add_TraceServiceServicer_to_server(self, self.server)
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def Export(self, request, context):
        with self.lock:
            for process in request.resource_spans:
                for scope in process.scope_spans:
                    self.spans += scope.spans
        return trace_pb2.ExportTraceServiceResponse()

    def of_trace(self, trace_id):
        with self.lock:
            return {span.name: span for span in self.spans if span.trace_id.hex() == trace_id}


class ObserveTest(unittest.TestCase):
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

    def traffic(self):
        """A call of most methods, with texts that can be told from all others; some of them fail."""
        user, post, response, candidate, source = MARKED
        server = self.server
        server.history.AppendExchange(history_pb2.AppendExchangeRequest(
            user_id=user, exchange=history_pb2.Exchange(post=post, response=response, source=source)), timeout=CALL_S)
        for who in [user, "markeduser-2"]:
            server.dialogue.GenerateReply(dialogue_pb2.GenerateReplyRequest(user_id=who, post=post), timeout=CALL_S)
        list(server.dialogue.StreamReply(dialogue_pb2.StreamReplyRequest(user_id=user, post=post), timeout=CALL_S))
        server.dialogue.ScoreReplies(dialogue_pb2.ScoreRepliesRequest(user_id=user, post=post, candidates=[candidate]),
                                     timeout=CALL_S)
        server.profile.QueryMemory(profile_pb2.QueryMemoryRequest(user_id=user, post=post), timeout=CALL_S)
        list(server.history.ExportUser(history_pb2.ExportUserRequest(user_id=user), timeout=CALL_S))
        for wrong in [dialogue_pb2.GenerateReplyRequest(user_id=user, post=post, min_revision=99),
                      dialogue_pb2.GenerateReplyRequest(post=post * 5000)]:
            with self.assertRaises(grpc.RpcError):
                server.dialogue.GenerateReply(wrong, timeout=CALL_S)
        server.history.EraseUser(history_pb2.EraseUserRequest(user_id=user), timeout=CALL_S)

    def scrape(self):
        address, = [line.split()[-1] for line in self.server.printed if line.startswith("metrics on ")]
        with urllib.request.urlopen(address, timeout=CALL_S) as answer:
            return answer.read().decode()

    def test_metrics_count_the_traffic_and_name_nobody(self):
        self.start("--metrics-listen", "127.0.0.1:0")
        self.traffic()
        text = self.scrape()
        values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        self.assertEqual(float(values['idiolect_requests_total{code="OK",method="DialogueService.GenerateReply"}']), 2)
        self.assertEqual(float(values["idiolect_cold_starts_total"]), 1)
        self.assertGreaterEqual(float(values["idiolect_queue_seconds_count"]), 4)
        self.assertGreater(float(values["idiolect_batch_rows_count"]), 0)
        self.assertGreater(float(values["idiolect_profiles_built_total"]), 0)
        self.assertEqual(float(values["idiolect_first_token_seconds_count"]), 3)
        self.assertEqual(float(values['idiolect_store_seconds_count{operation="Append"}']), 1)
        self.assertEqual(float(values["idiolect_ready"]), 1)
        self.assertNotIn("marked", text)

    def test_what_dashboard_and_alerts_use_is_there(self):
        self.start("--metrics-listen", "127.0.0.1:0")
        self.traffic()
        text = self.scrape()
        there = set(re.findall(r"^# TYPE (\S+)", text, re.M))
        labels = set(re.findall(r"[{,](\w+)=", text)) | {"instance", "job"}
        # The series of what goes wrong is there from the first time that it does.
        there.add("idiolect_store_errors_total")
        used = expressions()
        self.assertGreater(len(used), 30)
        for place, expression in used.items():
            names = re.findall(r"\b(?:idiolect|process)_\w+", re.sub(r'"[^"]*"', "", expression))
            for name in names:
                self.assertIn(re.sub("_(bucket|sum|count)$", "", name) if name not in there else name, there, place)
            for label in re.findall(r"[{,]\s*(\w+)\s*(?:=~|!=|=)", expression):
                self.assertIn(label, labels, place)

    def test_promtool_has_no_complaint(self):
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool is not installed")
        rules = subprocess.run([promtool, "check", "rules", str(ROOT / "docker/prometheus/alerts.yaml")],
                               capture_output=True, text=True)
        self.assertEqual(rules.returncode, 0, rules.stdout + rules.stderr)
        self.start("--metrics-listen", "127.0.0.1:0")
        self.traffic()
        metrics = subprocess.run([promtool, "check", "metrics"], input=self.scrape(), capture_output=True, text=True)
        self.assertEqual(metrics.returncode, 0, metrics.stdout + metrics.stderr)

    def test_traces_tell_where_a_replys_time_went(self):
        collector = Collector()
        self.start("--trace-endpoint", collector.address, "--trace-share", "0")
        self.traffic()
        user, post, response, _, source = MARKED
        self.server.history.AppendExchange(history_pb2.AppendExchangeRequest(
            user_id=user, exchange=history_pb2.Exchange(post=post, response=response, source=source)), timeout=CALL_S)
        trace_id, caller = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
        self.server.dialogue.GenerateReply(dialogue_pb2.GenerateReplyRequest(user_id=user, post=post), timeout=CALL_S,
                                           metadata=[("traceparent", f"00-{trace_id}-{caller}-01")])
        end = time.monotonic() + CALL_S
        while len(collector.of_trace(trace_id)) < 5 and time.monotonic() < end:
            time.sleep(0.05)
        spans = collector.of_trace(trace_id)
        self.assertEqual(set(spans), {"DialogueService.GenerateReply", "store Recent", "queue", "profile", "decode"})
        call = spans.pop("DialogueService.GenerateReply")
        self.assertEqual(call.parent_span_id.hex(), caller)
        for span in spans.values():
            self.assertEqual(span.parent_span_id, call.span_id)
            self.assertLessEqual(span.start_time_unix_nano, span.end_time_unix_nano)
            self.assertLessEqual(span.end_time_unix_nano, call.end_time_unix_nano)
        self.assertEqual(len(collector.spans), 5, "of the calls whose client does not trace, none is")
        self.assertNotIn("marked", "".join(str(span) for span in collector.spans))

    def test_logs_are_json_name_the_call_and_hold_no_text(self):
        self.start("--log-format", "json", "--log-level", "debug")
        self.traffic()
        _, call = self.server.model.GetModel.with_call(model_pb2.GetModelRequest(), timeout=CALL_S,
                                                       metadata=[("x-request-id", "my-call-1")])
        self.assertEqual(dict(call.trailing_metadata())["x-request-id"], "my-call-1")
        self.assertEqual(self.server.stop(), 0)
        printed = "".join(self.server.printed)
        for marked in MARKED:
            self.assertNotIn(marked, printed)
        lines = [json.loads(line) for line in self.server.printed if line.startswith("{")]
        calls = [line for line in lines if line.get("method")]
        self.assertEqual({line["request_id"] for line in calls if line["method"] == "ModelService.GetModel"},
                         {"my-call-1"})
        self.assertIn(("DialogueService.GenerateReply", "FAILED_PRECONDITION"),
                      {(line["method"], line["code"]) for line in calls})
        plain = [line for line in self.server.printed if not line.startswith("{")]
        self.assertTrue(all(re.match("(store|model|engine|metrics|traces|access|listening) ", line) for line in plain),
                        plain)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the program idiolect")
    parser.add_argument("--model", required=True, help="a model directory")
    ARGS, rest = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as generated:
        globals().update(generate_client(generated))
        unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
