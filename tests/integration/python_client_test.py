#!/usr/bin/env python3
"""A second implementation speaks to the server: a client made from proto/ alone, by protoc's Python output.

    python_client_test.py --binary build/bin/idiolect --model DIR

Starts `idiolect serve` on a free port with a fresh SQLite store, and ends it with SIGTERM.
"""
import argparse
import sys
import tempfile
import unittest

from server_process import ServerProcess, generate_client

CALL_S = 60
ARGS = None

# Words that must never show up in what the server prints.
ANN, BEN = "ann@example.org", "ben ✓"
ANN_SAID = [("how was the concert?", "dude it was sooo loud, loved it"), ("coffee?", "always. dude. always."),
            ("你好吗？", "很好 😀"), ("did you finish the report?", "nope, tomorrow. promise!")]
BEN_SAID = [("how was the concert?", "A most agreeable evening, thank you."), ("coffee?", "I prefer tea, if I may.")]
POST = "are you coming tonight?"


class PythonClientTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.store = f"sqlite:{self.folder.name}/db"
        self.server = ServerProcess(ARGS.binary, "--model", ARGS.model, "--store", self.store)

    def tearDown(self):
        if self.server is not None:
            self.stop()
        self.folder.cleanup()

    def stop(self):
        server, self.server = self.server, None
        self.assertEqual(server.stop(), 0, "".join(server.printed))
        printed = "".join(server.printed)
        for secret in [ANN, BEN, POST] + [text for said in ANN_SAID + BEN_SAID for text in said]:
            self.assertNotIn(secret, printed)

    def restart(self):
        self.stop()
        self.server = ServerProcess(ARGS.binary, "--model", ARGS.model, "--store", self.store)

    # --- the calls, as a client writes them ---

    def append(self, user, post, response, request_id="", **fields):
        return self.server.history.AppendExchange(
            history_pb2.AppendExchangeRequest(
                user_id=user, request_id=request_id,
                exchange=history_pb2.Exchange(post=post, response=response, **fields)), timeout=CALL_S)

    def append_all(self, user, said):
        for post, response in said:
            appended = self.append(user, post, response)
        return appended.revision

    def reply(self, user, explain=False, min_revision=0, **decoding):
        decoding = decoding or dict(temperature=0.9, top_p=0.95, seed=7)
        return self.server.dialogue.GenerateReply(
            dialogue_pb2.GenerateReplyRequest(user_id=user, post=POST, explain=explain, min_revision=min_revision,
                                              decoding=dialogue_pb2.DecodingOptions(**decoding)), timeout=CALL_S)

    def export(self, user):
        return [message.exchange for message in self.server.history.ExportUser(
            history_pb2.ExportUserRequest(user_id=user), timeout=CALL_S)]

    def error_of(self, method, request):
        with self.assertRaises(grpc.RpcError) as raised:
            method(request, timeout=CALL_S)
        fields = []
        for key, value in raised.exception.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                for detail in status_pb2.Status.FromString(value).details:
                    bad_request = error_details_pb2.BadRequest()
                    if detail.Unpack(bad_request):
                        fields += [violation.field for violation in bad_request.field_violations]
        return raised.exception.code(), fields

    # --- the tests ---

    def test_reads_its_own_writes_and_replies_the_same_again(self):
        revision = self.append_all(ANN, ANN_SAID)
        self.assertEqual(revision, len(ANN_SAID))
        reply = self.reply(ANN, min_revision=revision)
        self.assertEqual(reply.profile_revision, revision)
        self.assertFalse(reply.cold_start)
        self.assertEqual(len(reply.candidates), 1)
        self.assertEqual(self.reply(ANN).SerializeToString(), reply.SerializeToString())
        code, _ = self.error_of(self.server.dialogue.GenerateReply, dialogue_pb2.GenerateReplyRequest(
            user_id=ANN, min_revision=revision + 1))
        self.assertEqual(code, grpc.StatusCode.FAILED_PRECONDITION)

    def test_streams_the_same_text(self):
        self.append_all(ANN, ANN_SAID)
        for decoding in [dict(temperature=0.9, seed=3), dict(beam_size=3, candidate_count=2), dict(temperature=0)]:
            messages = list(self.server.dialogue.StreamReply(
                dialogue_pb2.StreamReplyRequest(user_id=ANN, post=POST,
                                                decoding=dialogue_pb2.DecodingOptions(**decoding)), timeout=CALL_S))
            self.assertTrue(messages[-1].HasField("summary"))
            self.assertFalse(any(message.HasField("summary") for message in messages[:-1]))
            text = "".join(message.text for message in messages)
            self.assertEqual(text, messages[-1].summary.candidates[0].text)
            self.assertEqual(messages[-1].summary, self.reply(ANN, **decoding))

    def test_explains_every_token(self):
        self.append_all(ANN, ANN_SAID)
        best = self.reply(ANN, explain=True, temperature=0).candidates[0]
        self.assertEqual(len(best.explanation), best.token_count)
        for token in best.explanation:
            self.assertLessEqual(token.log_probability, 1e-6)
            self.assertTrue(0 <= token.copy_probability <= 1)
            for source in token.sources:
                self.assertIn(source.exchange_id, range(1, len(ANN_SAID) + 1))
                self.assertTrue(0 <= source.weight <= 1 + 1e-6)

    def test_scores_and_ranks(self):
        self.append_all(ANN, ANN_SAID)
        candidates = ["I regret to decline.", "dude always, promise!", ""]
        for scoring in dialogue_pb2.Scoring.values():
            scores = self.server.dialogue.ScoreReplies(
                dialogue_pb2.ScoreRepliesRequest(user_id=ANN, post=POST, candidates=candidates, scoring=scoring),
                timeout=CALL_S)
            self.assertEqual(sorted(reply.index for reply in scores.replies), [0, 1, 2])
            ranked = [reply.score for reply in scores.replies]
            self.assertEqual(ranked, sorted(ranked, reverse=True))
            counts_words = "WORDS" in dialogue_pb2.Scoring.Name(scoring) or scoring == dialogue_pb2.SCORING_UNSPECIFIED
            for reply in scores.replies:
                self.assertEqual(reply.tokens[-1].text, "</s>")
                self.assertEqual(reply.words != 0, counts_words and candidates[reply.index] != "")
                self.assertAlmostEqual(sum(t.log_probability for t in reply.tokens), reply.log_probability, places=3)

    def test_profile_and_memory_tell_of_the_history(self):
        revision = self.append_all(ANN, ANN_SAID)
        profile = self.server.profile.GetProfile(
            profile_pb2.GetProfileRequest(user_id=ANN, vocabulary_size=1000, min_revision=revision), timeout=CALL_S)
        self.assertEqual((profile.revision, profile.exchange_count), (revision, len(ANN_SAID)))
        limits = self.server.model.GetModel(model_pb2.GetModelRequest(), timeout=CALL_S).limits
        window = [said for _, said in ANN_SAID[-limits.max_history:]]
        self.assertEqual(profile.window_size, len(window))
        words = {word.word: word for word in profile.vocabulary}
        self.assertEqual(words["always"].count, 2)
        self.assertAlmostEqual(sum(word.weight for word in profile.vocabulary), 1, places=6)
        self.assertAlmostEqual(profile.style.emoji_share, sum("😀" in said for said in window) / len(window))
        self.assertTrue(any(profile.general_profile))

        memory = self.server.profile.QueryMemory(profile_pb2.QueryMemoryRequest(user_id=ANN, post=POST), timeout=CALL_S)
        self.assertEqual(memory.revision, revision)
        self.assertEqual({entry.exchange.response for entry in memory.entries}, set(window))
        self.assertAlmostEqual(sum(entry.weight for entry in memory.entries), 1, places=4)
        weights = [entry.weight for entry in memory.entries]
        self.assertEqual(weights, sorted(weights, reverse=True))

        self.append_all(BEN, BEN_SAID)
        users = self.server.profile.ListUsers(profile_pb2.ListUsersRequest(), timeout=CALL_S).users
        self.assertEqual([user.user_id for user in users], [ANN, BEN])

    def test_imports_exports_and_survives_a_restart(self):
        records = [history_pb2.ImportExchangesRequest(
            user_id=ANN, request_id=f"r{i}",
            exchange=history_pb2.Exchange(post=f"post {i} 你好", response=f"response {i}", post_user="someone",
                                          source="import", time={"seconds": 1_500_000_000 + i, "nanos": 123_456_000}))
                   for i in range(1200)]
        imported = self.server.history.ImportExchanges(iter(records), timeout=CALL_S)
        self.assertEqual((imported.stored_count, imported.duplicate_count, imported.rejected_count), (1200, 0, 0))
        bad = history_pb2.ImportExchangesRequest(user_id=ANN, exchange=history_pb2.Exchange(post="only"))
        imported = self.server.history.ImportExchanges(iter(records[:10] + [bad]), timeout=CALL_S)
        self.assertEqual((imported.stored_count, imported.duplicate_count, imported.rejected_count), (0, 10, 1))
        self.assertEqual(imported.rejected[0].index, 10)

        reply = self.reply(ANN).SerializeToString()
        self.restart()
        exported = self.export(ANN)
        for i, (record, exchange) in enumerate(zip(records, exported)):
            record.exchange.exchange_id = i + 1
            record.exchange.name = f"users/ann%40example.org/exchanges/{i + 1}"
            self.assertEqual(exchange, record.exchange)
        self.assertEqual(len(exported), len(records))
        self.assertEqual(self.reply(ANN).SerializeToString(), reply)

    def test_erasure_makes_a_stranger_and_touches_nobody_else(self):
        self.append_all(ANN, ANN_SAID)
        self.append_all(BEN, BEN_SAID)
        stranger, ben = self.reply("nobody").SerializeToString(), self.reply(BEN).SerializeToString()
        self.assertFalse(self.reply(ANN).cold_start)
        request = history_pb2.EraseUserRequest(user_id=ANN, request_id="erase-1")
        receipt = self.server.history.EraseUser(request, timeout=CALL_S)
        self.assertEqual((receipt.exchanges_erased, receipt.last_revision), (len(ANN_SAID), len(ANN_SAID)))
        self.assertEqual(self.export(ANN), [])
        self.assertEqual(self.reply(ANN).SerializeToString(), stranger)
        self.assertEqual(self.reply(BEN).SerializeToString(), ben)
        again = self.server.history.EraseUser(request, timeout=CALL_S)
        self.assertTrue(again.duplicate)
        self.assertEqual((again.exchanges_erased, again.time), (receipt.exchanges_erased, receipt.time))

    def test_another_users_appends_change_no_byte(self):
        self.append_all(ANN, ANN_SAID)
        before = self.reply(ANN).SerializeToString()
        self.append_all(BEN, BEN_SAID * 10)
        self.assertEqual(self.reply(ANN).SerializeToString(), before)

    def test_request_ids_make_appends_idempotent(self):
        time = {"seconds": 1_600_000_000}
        first = self.append(ANN, "hi", "moin", "r1", time=time)
        again = self.append(ANN, "hi", "moin", "r1", time=time)
        self.assertTrue(again.duplicate)
        self.assertEqual((again.exchange, again.revision), (first.exchange, first.revision))
        code, _ = self.error_of(self.server.history.AppendExchange, history_pb2.AppendExchangeRequest(
            user_id=ANN, request_id="r1", exchange=history_pb2.Exchange(response="other", time=time)))
        self.assertEqual(code, grpc.StatusCode.ALREADY_EXISTS)

    def test_wrong_requests_name_their_fields(self):
        options = dialogue_pb2.DecodingOptions(temperature=-1, top_p=2)
        code, fields = self.error_of(self.server.dialogue.GenerateReply, dialogue_pb2.GenerateReplyRequest(
            user_id="", post="x" * 16385, decoding=options))
        self.assertEqual(code, grpc.StatusCode.INVALID_ARGUMENT)
        self.assertEqual(fields, ["user_id", "post", "decoding.temperature", "decoding.top_p"])
        code, _ = self.error_of(self.server.history.GetExchange,
                                history_pb2.GetExchangeRequest(user_id=ANN, exchange_id=1))
        self.assertEqual(code, grpc.StatusCode.NOT_FOUND)

    def test_model_describes_itself(self):
        model = self.server.model.GetModel(model_pb2.GetModelRequest(), timeout=CALL_S)
        self.assertRegex(model.content_hash, "^[0-9a-f]{64}$")
        self.assertGreater(model.limits.max_response_tokens, 0)
        self.assertEqual(model.limits.max_text_bytes, 16384)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the program idiolect")
    parser.add_argument("--model", required=True, help="a model directory")
    ARGS, rest = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as generated:
        globals().update(generate_client(generated))
        unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
