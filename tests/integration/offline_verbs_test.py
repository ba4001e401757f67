"""`idiolect score` and `idiolect reply` print what the reference implementation prints, line for line.

  offline_verbs_test.py --binary PATH --fixtures DIR
"""
import argparse, glob, hashlib, importlib.util, json, os, shutil, subprocess, sys, tempfile, unittest

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

    def test_leaves_nothing_in_the_temporary_folder(self):
        folder = os.path.join(self.folder, "tmp")
        os.mkdir(folder)
        loading = ("OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "LD_BIND_NOW")  # without them it starts anew
        environment = {name: value for name, value in os.environ.items() if name not in loading} | {"TMPDIR": folder}
        source = os.path.join(arguments.fixtures, "inputs.jsonl")
        out = os.path.join(self.folder, "out.jsonl")
        subprocess.run([arguments.binary, "reply", "--model", self.lay_out("tied-2"), "--in", source, "--out", out], env=environment, check=True)
        self.assertEqual(os.listdir(folder), [])

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

    def write_table_data(self):
        """Every response begins alike and ends with a word of the user's own, or, each fourth time, of the next user's."""
        endings = ("garden", "river", "coffee", "stone")
        with open(os.path.join(self.folder, "mine.jsonl"), "w", encoding="utf-8") as file:
            for user in range(4):
                for number in range(12):
                    ending = endings[(user + (number % 4 == 3)) % 4]
                    file.write(json.dumps({"user": f"u{user}", "post": f"what of {number}?", "response": f"music and {ending}", "time": number,
                                           "source": "made up", "split": "train" if number < 10 else "test"}) + "\n")

    def reproduce_table(self, *options, **variables):
        """Run where the user's data are, with paths as seen from there."""
        is_an_option = lambda name: name.startswith(("TABLE_", "IDIOLECT")) or name == "LIMIT"
        environment = {name: value for name, value in os.environ.items() if not is_an_option(name)}
        return subprocess.run([os.path.abspath(os.path.join(SCRIPTS, "reproduce-table")), "table", *options], cwd=self.folder,
                              env=environment | variables, capture_output=True, text=True)

    def assert_row(self, row, cells):
        """cells: (column, summary, the name of its number there)."""
        for column, summary, name in cells:
            for key in name.split("."): summary = summary[key]
            shown = f"{summary:.1f}" if summary >= 10 else f"{summary:.3f}"
            self.assertEqual(row[column], shown, column)

    def test_the_table_has_a_row_a_model(self):
        self.write_table_data()
        work = os.path.join(self.folder, "table", "full.work")
        os.makedirs(work)
        # Word guidance is of words that are one token.
        shutil.copy(os.path.join(SCRIPTS, "..", "models", "idiolect-small", "tokenizer.model"), work)
        # So many steps that without a profile all users are given the same reply, and each their own with word guidance.
        done = self.reproduce_table("--d-model", "16", "--hidden-size", "16", "--readout-size", "16", "--steps", "60", "--groups", "4",
                                    "--targets", "2", "--learning-rate", "0.02", "--warmup-steps", "5", "--validate-every", "60",
                                    IDIOLECT=os.path.relpath(arguments.binary, self.folder), TABLE_DATA="mine.jsonl",
                                    TABLE_MODELS="full no-profile")
        self.assertEqual(done.returncode, 0, done.stderr)
        head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if line.startswith("|")]
        rows = {row[0]: dict(zip(head, row)) for row in rows}
        self.assertEqual(list(rows), ["full", "no-profile", "no-profile with a unigram cache"])
        found, replies = {}, {}
        for kind in ("full.eval", "full.guided", "no-profile.eval", "no-profile.guided"):
            folder = os.path.join(self.folder, "table", kind)
            with open(os.path.join(folder, "summary.json"), encoding="utf-8") as file: found[kind] = json.load(file)
            lines = read_lines(os.path.join(folder, "examples.jsonl"))
            replies[kind] = {(line["user"], line["index"]): line["reply"]["text"] for line in lines if "reply" in line}
        self.assertEqual([summary["word_guidance"] for summary in found.values()], [0, 0.35, 0, 0.35])
        self.assertNotEqual(replies["no-profile.eval"], replies["no-profile.guided"])
        for model in ("full", "no-profile"):
            plain, guided = found[model + ".eval"], found[model + ".guided"]
            self.assert_row(rows[model], [("own", plain, "per_word_perplexity.own"), ("who of 2", plain, "who_said_it.2")])
            for column, name in (("P-F1", "p_f1"), ("P-Cover", "p_cover"), ("distinct-2", "distinct.2")):
                self.assert_row(rows[model], [(column, plain, name), ("guided " + column, guided, name)])
                if model == "no-profile": self.assertNotEqual(rows[model][column], rows[model]["guided " + column], column)
        cache = rows["no-profile with a unigram cache"]
        by_cache = {"own": "per_word_perplexity.cache", "P-F1": "cache_replies.p_f1", "P-Cover": "cache_replies.p_cover"}
        self.assert_row(cache, [(column, found["no-profile.eval"], name) for column, name in by_cache.items()])
        self.assertEqual({cache[column] for column in head[13:]}, {"–"})

    def test_a_table_is_made_of_the_users_files(self):
        recorder = os.path.join(self.folder, "recorder")
        with open(recorder, "w") as file:
            file.write('#!/bin/sh\nprintf "%s\\n" "$@" > "$(dirname "$0")/asked"\nexit 1\n')
        os.chmod(recorder, 0o755)

        def files_asked_for(**variables):
            done = self.reproduce_table(IDIOLECT="./recorder", **variables)
            self.assertEqual(done.returncode, 1, done.stderr)
            with open(os.path.join(self.folder, "asked")) as file: asked = file.read().splitlines()
            return asked[asked.index("--data") + 1:asked.index("--out")]

        here = os.path.realpath(self.folder)
        os.mkdir(os.path.join(here, "corpora"))
        names = [os.path.join("corpora", name + ".jsonl.gz") for name in ("changelog", "ubuntu_irc", "crd3")]
        for name in names: open(os.path.join(here, name), "w").close()
        self.assertEqual(files_asked_for(IDIOLECT_DATA="corpora"), [os.path.join(here, name) for name in names])
        self.assertEqual(files_asked_for(TABLE_DATA=" ".join(names[:2])), [os.path.join(here, name) for name in names[:2]])
        for named, variables in (("none.jsonl", {"TABLE_DATA": "none.jsonl"}),
                                 ("IDIOLECT", {"TABLE_DATA": names[0], "IDIOLECT": "./nothing"}),
                                 ("ful", {"TABLE_DATA": names[0], "TABLE_MODELS": "full ful"})):
            done = self.reproduce_table(**({"IDIOLECT": "./recorder"} | variables))
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
            self.assertIn(named, done.stderr)

    def tabulate(self, name, facts):
        path = os.path.join(self.folder, name, "summary.json")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file: json.dump(facts, file)
        return subprocess.run([sys.executable, os.path.join(SCRIPTS, "tabulate.py"), path], capture_output=True, text=True)

    def test_each_column_holds_its_number(self):
        facts = {"per_word_perplexity": {"own": 123.45, "other": 150.06, "none": 9.8765, "cache": 99.95}, "other_over_own": 1.2155,
                 "who_said_it": {"2": 0.81, "10": 0.42}, "which_reply": {"personal": 0.33, "joint": 0.49}, "which_post": 0.29, "p_f1": 0.061,
                 "p_cover": 5.3434, "distinct": {"2": 0.71}, "cache_replies": {"p_f1": 0.051, "p_cover": 4.1}, "examples": 1000, "users": 300}
        self.tabulate("no-profile.guided", facts | {"p_f1": 0.09, "p_cover": 7.5, "distinct": {"2": 0.6}})
        lines = self.tabulate("no-profile.eval", facts).stdout.splitlines()
        self.assertEqual(lines[0], "| model | own | other | none | other/own | who of 2 | who of 10 | reply, personal | reply, joint | post | P-F1 | "
                         "P-Cover | distinct-2 | guided P-F1 | guided P-Cover | guided distinct-2 |")
        self.assertEqual(lines[2], "| no-profile | 123.5 | 150.1 | 9.877 | 1.216 | 0.810 | 0.420 | 0.330 | 0.490 | 0.290 | 0.061 | 5.343 | 0.710 | "
                         "0.090 | 7.500 | 0.600 |")
        self.assertEqual(lines[3], "| no-profile with a unigram cache | 100.0 |" + " – |" * 8 + " 0.051 | 4.100 |" + " – |" * 4)
        self.assertEqual(lines[-1], "1000 test examples of 300 users.")
        for broken in ([], facts | {"distinct": 3}, facts | {"distinct": {"2": "secret"}}):
            self.assert_one_line(self.tabulate("full.eval", broken), "summary.json: ", "expected")

    def assert_one_line(self, done, *named):
        """The script refuses what it was given, and quotes nothing that was said."""
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
        for part in named: self.assertIn(part, done.stderr)
        self.assertNotIn("secret", done.stderr)

    def test_a_script_that_reads_texts_quotes_none(self):
        example = {"candidates": {name: [-1.0, -2.0] for name in ("own", "no_user", "neither", "words")}, "own": -1.0,
                   "rivals": [-2.0], "writers": {"response": [0.5, 0.2]}, "post": "secret"}
        exchange = {"source": "a", "user": "ann", "post": "secret", "response": "yes", "split": "train", "time": 1}
        path = os.path.join(self.folder, "lines.jsonl")

        def refuse(script, good, bad):
            with open(path, "wb") as file: file.write(json.dumps(good).encode() + b"\n" + bad + b"\n")
            done = subprocess.run([sys.executable, os.path.join(SCRIPTS, script), path], capture_output=True, text=True)
            self.assert_one_line(done, script + ": ", "lines.jsonl:2: expected")

        scripts = [("weigh-words", example, "rivals")]
        if importlib.util.find_spec("numpy"): scripts.append(("who-said-it-bound", exchange, "split"))
        for script, good, field in scripts:
            other_kind = json.dumps(good | {field: "secret" if field == "rivals" else ["secret"]}).encode()
            without = json.dumps({name: value for name, value in good.items() if name != field}).encode()
            for bad in ('{"post": "secret é"}'.encode("latin-1"), b'{"post": "secret', other_kind, without, b"3", b"[" * 100000):
                with self.subTest(script, bad=bad[:40]): refuse(script, good, bad)
        other_kind = example | {"candidates": example["candidates"] | {"neither": ["secret", 1]}}
        refuse("weigh-words", example, json.dumps(other_kind).encode())
        if len(scripts) == 2:
            with open(path, "w") as file: file.write(json.dumps(exchange) + "\n")
            for name in (path, path + ".gz"):
                if name != path: shutil.copy(path, name)
                done = subprocess.run([sys.executable, os.path.join(SCRIPTS, "who-said-it-bound"), name], capture_output=True, text=True)
                fault = "expected exchanges of the split train" if name == path else "expected a whole gzip file"
                self.assert_one_line(done, fault)

    def test_a_script_says_what_python_lacks(self):
        for script, *options in (("average-models", "out", "a", "b"), ("read-further", "out", "a", "40"), ("what-parts-carry", "a", "b")):
            # Without what is installed beside Python's own library.
            done = subprocess.run([sys.executable, "-I", "-S", os.path.join(SCRIPTS, script), *options], capture_output=True, text=True)
            self.assert_one_line(done, script + ": ", "expected PyTorch")

    def guard(self, model):
        """Gives a model the checksums that `idiolect train` writes; returns them, and a function that writes others."""
        content = {}
        for name in ("config.json", "tokenizer.model", "model.safetensors"):
            with open(os.path.join(model, name), "rb") as file: content[name] = file.read()
        size = int.from_bytes(content["model.safetensors"][:8], "little")
        header, tensors = json.loads(content["model.safetensors"][8:8 + size]), content["model.safetensors"][8 + size:]

        def write(digests):
            text = json.dumps(header | {"__metadata__": digests}).encode()
            with open(os.path.join(model, "model.safetensors"), "wb") as file:
                file.write(len(text).to_bytes(8, "little") + text + tensors)

        of = lambda piece: hashlib.sha256(piece).hexdigest()
        digests = {"sha256_config": of(content["config.json"]), "sha256_tokenizer": of(content["tokenizer.model"]),
                   "sha256_tensors": of(tensors)}
        write(digests)
        return digests, write

    def without_part(self, *options):
        return subprocess.run([sys.executable, os.path.join(SCRIPTS, "without-part"), *options], capture_output=True, text=True)

    def test_a_part_is_taken_from_a_whole_model_alone(self):
        model, out = self.lay_out("tied-3-general-memory-copy-post_copy"), os.path.join(self.folder, "less")
        self.assertEqual(self.without_part(model, "copy", out).returncode, 0)  # there need be no checksums
        digests, write = self.guard(model)
        done = self.without_part(model, "memory", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        scored, _ = self.run_verb("score", out)
        self.assertEqual(scored.returncode, 0, scored.stderr)
        write({name: digests[name] for name in ("sha256_config", "sha256_tensors")})
        self.assert_one_line(self.without_part(model, "memory", out), "model.safetensors: has 2 of the 3 checksums")
        write(digests)
        for name, fault in (("model.safetensors", "checksum of the tensors"), ("tokenizer.model", "checksum of the tokenizer")):
            self.flip_last_bit(os.path.join(model, name))
            self.assert_one_line(self.without_part(model, "memory", out), "model.safetensors: ", fault)
            self.flip_last_bit(os.path.join(model, name))
        self.assert_one_line(self.without_part(model, "copies", out), "PART: expected one that", "general, memory, copy, post_copy")
        self.assert_one_line(self.without_part(model, "copy", model), "OUT: expected another folder")
        below = os.path.join(model, "config.json", "below")
        self.assert_one_line(self.without_part(model, "copy", below), below, "expected a folder")
        self.assert_one_line(self.without_part(os.path.join(self.folder, "none"), "copy", out), os.path.join("none", "config.json"))

    def flip_last_bit(self, path):
        with open(path, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            last = file.read(1)[0]
            file.seek(-1, os.SEEK_END)
            file.write(bytes([last ^ 1]))

    def test_eval_names_what_is_wrong(self):
        done = self.run_eval("--data", os.path.join(self.folder, "none.jsonl"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.jsonl", done.stderr)
        for flag, value, expected in (("--guidance", "nan", "a number from 0 to 5"), ("--word-guidance", "5.1", "a number from 0 to 5"),
                                      ("--cache-weight", "NaN", "from 0 to 0.999"), ("--limit", "0", "at least 1")):
            done = subprocess.run([arguments.binary, "eval", "--model", "m", "--data", "d", flag, value], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, flag)
            for part in (flag, expected, value): self.assertIn(part, done.stderr)

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
