"""`idiolect score` and `idiolect reply` print what the reference implementation prints, line for line.

  offline_verbs_test.py --binary PATH --fixtures DIR
"""
import argparse, glob, json, os, shutil, subprocess, tempfile, unittest

TOLERANCE = 1e-4
arguments = None
SCRIPTS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "scripts")
WEIGH_WORDS = os.path.join(SCRIPTS, "weigh-words")


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class OfflineVerbsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def lay_out(self, name):
        model = os.path.join(self.folder, name)
        os.mkdir(model)
        weights = "-".join(name.split("-")[:2])
        for source, target in ((name + ".config.json", "config.json"), (weights + ".safetensors", "model.safetensors"), ("tokenizer.model",) * 2):
            shutil.copy(os.path.join(arguments.fixtures, source), os.path.join(model, target))
        return model

    def run_verb(self, verb, model, *options, source=None):
        out = os.path.join(self.folder, "out.jsonl")
        source = source or os.path.join(arguments.fixtures, "inputs.jsonl")
        done = subprocess.run([arguments.binary, verb, "--model", model, "--in", source, "--out", out, *options], capture_output=True, text=True)
        return done, out

    def assert_close(self, found, expected, where):
        if isinstance(expected, list):
            self.assertEqual(len(found), len(expected), where)
            for a, b in zip(found, expected): self.assert_close(a, b, where)
        else:
            self.assertAlmostEqual(found, expected, delta=TOLERANCE, msg=where)

    def check(self, name, verb, *options):
        done, out = self.run_verb(verb, self.lay_out(name), *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        found, expected = read_lines(out), read_lines(os.path.join(arguments.fixtures, name + ".jsonl"))
        self.assertEqual(len(found), len(expected))
        for number, (line, reference) in enumerate(zip(found, expected)):
            where = f"{name}, line {number + 1}"
            reference = reference[verb]
            self.assertEqual(set(line), set(reference), where)
            self.assertEqual(line["tokens"], reference["tokens"], where)
            for key in set(reference) - {"tokens", "text"}: self.assert_close(line[key], reference[key], f"{where}, {key}")
            self.assertEqual(line.get("text"), reference.get("text"), where)

    def test_scores_in_batches(self):
        # Each run loads the program anew; tests/model/oracle_test.cc goes through all combinations in one process.
        names = sorted(os.path.basename(path)[: -len(".config.json")] for path in glob.glob(os.path.join(arguments.fixtures, "*.config.json")))
        self.assertEqual(len(names), 32)
        for name in names[::6]:
            with self.subTest(name): self.check(name, "score")

    def test_scores_one_line_at_a_time(self):
        self.check("untied-3-general-memory-copy-post_copy", "score", "--batch-size", "1")

    def test_replies_greedily(self):
        for name in ("untied-3-general-memory-copy-post_copy", "tied-2-general-memory-copy", "tied-2"):
            with self.subTest(name): self.check(name, "reply")

    def test_a_bad_line_is_named(self):
        model = self.lay_out("tied-2")
        source = os.path.join(self.folder, "in.jsonl")
        for line, named in (("nonsense", "in.jsonl:2"), ('{"post": 3}', "post"), ('{"post": "", "history": [{"post": "a", "response": 1}]}', "history[0].response")):
            with open(source, "w") as file: file.write('{"post": "fine"}\n' + line + "\n")
            for verb in ("score", "reply"):
                done, _ = self.run_verb(verb, model, source=source)
                self.assertEqual(done.returncode, 1)
                self.assertIn(named, done.stderr)
                self.assertIn("in.jsonl:2", done.stderr)

    def write_exchanges(self):
        path = os.path.join(self.folder, "exchanges.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            for user in range(4):
                for number in range(12):
                    file.write(json.dumps({"user": f"u{user}", "post": f"what about {number}?", "response": f"habit {user} of {number}",
                                           "time": number, "source": "made up", "split": "train" if number < 10 else "test"}) + "\n")
        return path

    def run_eval(self, *options):
        command = [arguments.binary, "eval", "--model", self.lay_out("tied-3-general-memory-copy-post_copy"), *options]
        return subprocess.run(command, capture_output=True, text=True)

    def test_eval_writes_summary_examples_and_charts(self):
        out = os.path.join(self.folder, "results")
        done = self.run_eval("--data", self.write_exchanges(), "--out", out, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        summary = json.loads(done.stdout)
        self.assertEqual((summary["examples"], summary["users"]), (8, 4))
        for key in ("own", "other", "none", "cache"): self.assertGreater(summary["per_word_perplexity"][key], 1)
        for key in ("2", "10"): self.assertTrue(0 <= summary["who_said_it"][key] <= 1)
        for key in ("which_reply", "which_post", "p_f1", "p_cover", "bleu", "rouge", "distinct", "embedding", "copy"): self.assertIn(key, summary)
        with open(os.path.join(out, "summary.json"), encoding="utf-8") as file: self.assertEqual(json.load(file), summary)
        self.assertEqual(sum("response" in line for line in read_lines(os.path.join(out, "examples.jsonl"))), 8)
        self.assertEqual(sum(name.endswith(".svg") for name in os.listdir(out)), 4)
        weighed = subprocess.run([WEIGH_WORDS, os.path.join(out, "examples.jsonl"), "0", "0.5", "0.75", "1"],
                                 capture_output=True, text=True)
        self.assertEqual(weighed.returncode, 0, weighed.stderr)
        table = {row.split("|")[1].strip(): [float(x) for x in row.split("|")[2:5]] for row in weighed.stdout.splitlines()[2:6]}
        ranks = summary["which_reply_in_total"]
        for weight, column, share in (("0", 0, ranks["personal"]), ("0", 1, ranks["joint"]), ("0.5", 0, ranks["personal_and_words"]),
                                      ("0.5", 1, ranks["joint_and_words"]), ("0", 2, summary["who_said_it"]["10"]),
                                      ("0.5", 2, summary["who_said_it_and_words"]["10"])):
            self.assertAlmostEqual(table[weight][column], share, delta=0.0006, msg=(weight, column))
        weighed = subprocess.run([WEIGH_WORDS, os.path.join(out, "examples.jsonl"), "half"], capture_output=True, text=True)
        self.assertEqual((weighed.returncode, "half" in weighed.stderr), (1, True))

    def test_the_table_has_a_row_a_model(self):
        out = os.path.join(self.folder, "table")
        environment = {**os.environ, "IDIOLECT": arguments.binary, "TABLE_DATA": self.write_exchanges(), "TABLE_MODELS": "full no-profile"}
        sizes = ("--d-model", "16", "--hidden-size", "16", "--readout-size", "16", "--vocab-size", "290", "--steps", "2", "--validate-every", "2")
        done = subprocess.run([os.path.join(SCRIPTS, "reproduce-table"), out, *sizes], env=environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if line.startswith("|")]
        self.assertEqual([row[0] for row in rows], ["full", "no-profile", "no-profile with a unigram cache"])
        summaries = {}
        for kind in ("full.eval", "full.guided", "no-profile.eval"):
            with open(os.path.join(out, kind, "summary.json"), encoding="utf-8") as file: summaries[kind] = json.load(file)
        self.assertEqual([summaries[kind]["word_guidance"] for kind in summaries], [0, 0.35, 0])
        full, cache = dict(zip(head, rows[0])), dict(zip(head, rows[2]))
        for cell, value in ((full["own"], summaries["full.eval"]["per_word_perplexity"]["own"]),
                            (full["P-Cover"], summaries["full.eval"]["p_cover"]),
                            (full["guided P-Cover"], summaries["full.guided"]["p_cover"]),
                            (cache["own"], summaries["no-profile.eval"]["per_word_perplexity"]["cache"]),
                            (cache["P-F1"], summaries["no-profile.eval"]["cache_replies"]["p_f1"])):
            self.assertAlmostEqual(float(cell), value, delta=0.051)
        self.assertEqual(cache["guided P-F1"], "–")

    def test_eval_names_what_is_wrong(self):
        done = self.run_eval("--data", os.path.join(self.folder, "none.jsonl"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.jsonl", done.stderr)

    def test_a_broken_model_is_named(self):
        model = self.lay_out("tied-2")
        with open(os.path.join(model, "model.safetensors"), "r+b") as file: file.truncate(1000)
        done, _ = self.run_verb("score", model)
        self.assertEqual(done.returncode, 1)
        self.assertIn("model.safetensors", done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--fixtures", required=True)
    arguments = parser.parse_args()
    unittest.main(argv=["offline_verbs_test.py"], verbosity=2)
