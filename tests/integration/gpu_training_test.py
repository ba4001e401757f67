#!/usr/bin/env python3
"""scripts/train-on-gpu computes what `idiolect` computes, and what it writes `idiolect` reads. On the processor; a GPU is not needed.

  gpu_training_test.py --binary PATH --fixtures DIR

Ends with 77, skipped, where Python has no PyTorch.
"""
import argparse
import gzip
import importlib.util
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77
WEIGHTS, MODEL = "tied-3.safetensors", "tied-3-general-memory-copy-post_copy"
TRAINER = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "train-on-gpu"
arguments = None


def exchanges():
    """People who talk of few things each, in two places; the last of each validate."""
    choose = random.Random(5)
    words = "tea coffee rain snow train late early cat dog garden again never maybe tomorrow bread cheese".split()
    for user in range(6):
        favourites = choose.sample(words, 5)
        for i in range(12):
            yield {"user": f"user-{user}", "source": ("harbour", "hill")[user // 3], "time": 1000 + i,
                   "split": "train" if i < 9 else "valid", "post": " ".join(choose.choices(words, k=choose.randint(0, 7))),
                   "response": " ".join(choose.choices(favourites, k=choose.randint(1, 6)))}


class GpuTrainingTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.data, self.prepared, self.model, self.start = (
            os.path.join(self.folder, name) for name in ("data.jsonl", "prepared", "model", "start"))
        with open(self.data, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in exchanges())
        self.lay_out_start()

    def lay_out_start(self):
        os.mkdir(self.start)
        fixtures = pathlib.Path(arguments.fixtures)
        shutil.copy(fixtures / WEIGHTS, os.path.join(self.start, "model.safetensors"))
        shutil.copy(fixtures / (MODEL + ".config.json"), os.path.join(self.start, "config.json"))
        shutil.copy(fixtures / "tokenizer.model", self.start)
        with open(os.path.join(self.start, "config.json"), encoding="utf-8") as file:
            self.config = json.load(file)

    def run_program(self, *command):
        done = subprocess.run([str(x) for x in command], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def prepare(self):
        self.run_program(arguments.binary, "prepare", "--data", self.data, "--out", self.prepared, "--tokenizer",
                         os.path.join(self.start, "tokenizer.model"), "--vocab-size", self.config["vocab_size"],
                         "--max-post-tokens", self.config["max_post_tokens"], "--max-response-tokens",
                         self.config["max_response_tokens"])

    def train(self, *options):
        self.run_program(sys.executable, TRAINER, "--prepared", self.prepared, "--out", self.model, "--device", "cpu",
                         "--init-from", self.start, "--windows", 8, *options)
        with open(os.path.join(self.model, "log.jsonl"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def evaluate(self):
        text = self.run_program(arguments.binary, "eval", "--model", self.model, "--data", self.data, "--split", "valid", "--json",
                                "--out", os.path.join(self.folder, "results"))
        return json.loads(text)["per_word_perplexity"]

    def assert_same_perplexities(self, said):
        measured = self.evaluate()
        for kind in ("own", "none"):
            # The weights are kept as float16.
            self.assertAlmostEqual(said[kind] / measured[kind], 1, delta=0.01, msg=f"{kind}: {said} and {measured}")
        self.assertNotAlmostEqual(measured["own"] / measured["none"], 1, delta=0.02)

    def test_measures_a_model_as_eval_does(self):
        self.prepare()
        self.assert_same_perplexities(self.train("--steps", 0)[-1])

    def test_what_it_trains_is_better_and_served(self):
        self.prepare()
        before = self.train("--steps", 0)[-1]
        # All places are computed: of so few responses the longest may be together.
        after = self.train("--steps", 40, "--warmup-steps", 5, "--learning-rate", 0.01, "--average", 0.8, "--capacity", 1)
        self.assertLess(after[-1]["own"], before["own"] / 3)
        self.assertEqual(after[-1]["step"], 40)
        self.assert_same_perplexities(after[-1])

    def test_says_what_is_broken(self):
        self.prepare()
        path = os.path.join(self.prepared, "exchanges.jsonl.gz")
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = file.read().splitlines()

        def refused(lines, *options):
            with gzip.open(path, "wt", encoding="utf-8") as file:
                file.write("\n".join(lines))
            done = subprocess.run([sys.executable, TRAINER, "--prepared", self.prepared, "--out", self.model, "--device", "cpu",
                                   "--steps", "0", "--init-from", self.start, *options], capture_output=True, text=True)
            self.assertNotEqual(done.returncode, 0)
            self.assertNotIn("Traceback", done.stderr)
            return done.stderr

        self.assertIn("exchanges.jsonl.gz:3:", refused(lines[:2] + ["no JSON"]))
        self.assertIn("post: expected 1 to", refused([lines[0], lines[1].replace('"post":[', '"post":[77777,')]))
        self.assertIn("users must come in order", refused([lines[0], lines[-1]]))
        self.assertIn("max_post_tokens: expected 31", refused([lines[0].replace('"max_post_tokens":12', '"max_post_tokens":31'), *lines[1:]]))
        self.assertIn("leave out d_model", refused(lines, "--d-model", "8"))
        other = json.dumps(json.loads(lines[0]) | {"sha256_tokenizer": "0" * 64})
        self.assertIn("exchanges.jsonl.gz:1:", refused([other, *lines[1:]]))
        self.assertIn("sha256_tokenizer: the ids are of another tokenizer", refused([other, *lines[1:]]))
        os.remove(os.path.join(self.start, "model.safetensors"))
        self.assertIn("model.safetensors: No such file", refused(lines))

    def test_averages_models(self):
        self.prepare()
        self.train("--steps", 0)
        # Twice the same model and one that is its negative: the mean is a third of it.
        trainer = TRAINER.parent
        sys.path.insert(0, str(trainer / "gpu_training"))
        import model as dhap
        config, parameters = dhap.load(self.model)
        negative, mean = os.path.join(self.folder, "negative"), os.path.join(self.folder, "mean")
        dhap.save(negative, config, {name: -x for name, x in parameters.items()}, os.path.join(self.model, "tokenizer.model"))
        self.run_program(sys.executable, trainer / "average-models", mean, self.model, self.model, negative)
        for name, x in dhap.load(mean)[1].items():
            self.assertLess(float((x - parameters[name] / 3).abs().max()), 1e-2 * float(parameters[name].abs().max() + 1e-3), name)
        self.run_program(arguments.binary, "score", "--model", mean, "--in", pathlib.Path(arguments.fixtures) / "inputs.jsonl",
                         "--out", os.path.join(self.folder, "scores.jsonl"))

    def test_reads_further(self):
        self.prepare()
        self.train("--steps", 0)
        further, script = os.path.join(self.folder, "further"), TRAINER.parent / "read-further"
        self.run_program(sys.executable, script, further, self.model, 40)
        sys.path.insert(0, str(TRAINER.parent / "gpu_training"))
        import model as dhap
        (before, old), (after, new) = dhap.load(self.model), dhap.load(further)
        self.assertEqual(after, before | {"max_post_tokens": 40, "max_response_tokens": 40})
        positions = "position_embedding.weight"
        count = len(old[positions])
        self.assertEqual(len(new[positions]), 41)
        self.assertTrue((new[positions][count:] == old[positions][-1]).all())
        for name in old:
            self.assertTrue((new[name][:count] == old[name]).all() if name == positions else (new[name] == old[name]).all(), name)
        self.run_program(arguments.binary, "score", "--model", further, "--in", pathlib.Path(arguments.fixtures) / "inputs.jsonl",
                         "--out", os.path.join(self.folder, "scores.jsonl"))
        for tokens in (str(count - 1), "4097", "²"):
            refused = self.refused(script, further, self.model, tokens)
            self.assertIn(f"TOKENS: expected more than the {count - 1}", refused)
            self.assertIn("at most 4096", refused)
        self.run_program(sys.executable, script, further, self.model, 4096)
        self.run_program(arguments.binary, "score", "--model", further, "--in", pathlib.Path(arguments.fixtures) / "inputs.jsonl",
                         "--out", os.path.join(self.folder, "scores.jsonl"))

    def refused(self, *command):
        """The one line that a script says."""
        done = subprocess.run([sys.executable, *(str(x) for x in command)], capture_output=True, text=True)
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
        return done.stderr

    def assert_not_loaded(self, folder, *named):
        """In this process: PyTorch takes a second to start."""
        import model as dhap
        with self.assertRaises(SystemExit) as refused:
            dhap.load(folder)
        for part in (folder, *named):
            self.assertIn(part, refused.exception.code)

    def guarded_model(self):
        """A model with checksums; returns (a file of it, a place where it may be damaged, the fault that is then named)."""
        sys.path.insert(0, str(TRAINER.parent / "gpu_training"))
        import model as dhap
        config, parameters = dhap.load(self.start)  # which has none
        dhap.save(self.model, config, parameters, os.path.join(self.start, "tokenizer.model"))
        with open(os.path.join(self.model, "model.safetensors"), "rb") as file:
            weights = file.read()
        return (("model.safetensors", len(weights) - 1, "checksum of the tensors"),
                ("model.safetensors", weights.index(b"sha256_tokenizer"), "has 2 of the 3 checksums"),
                ("model.safetensors", weights.index(b"__metadata__"), "expected no such tensor"),
                ("model.safetensors", 7, "expected a safetensors file"),
                ("model.safetensors", 8, "its header: expected a JSON object"),
                ("tokenizer.model", -1, "checksum of tokenizer.model"),
                ("config.json", 1, "checksum of config.json"),
                ("config.json", 0, "config.json: expected a JSON object"))

    def test_refuses_a_damaged_model(self):
        script, mean = TRAINER.parent / "average-models", os.path.join(self.folder, "mean")
        for name, place, fault in self.guarded_model():
            with self.subTest(fault):
                path = pathlib.Path(self.model, name)
                whole = path.read_bytes()
                damaged = bytearray(whole)
                damaged[place] ^= 1 if whole[place:place + 1] != b"\n" else ord("\n") ^ ord(" ")  # JSON may hold either
                path.write_bytes(damaged)
                self.assert_not_loaded(self.model, fault)
                if fault == "checksum of the tensors":
                    self.assertIn(fault, self.refused(script, mean, self.start, self.model))
                path.write_bytes(whole)
        self.assertFalse(os.path.exists(mean))
        self.run_program(sys.executable, script, mean, self.model, self.model)

    def test_names_the_file_that_is_missing_or_in_the_way(self):
        self.guarded_model()
        average, further = TRAINER.parent / "average-models", TRAINER.parent / "read-further"
        below = os.path.join(self.data, "below")
        for command in ((average, below, self.model, self.model), (further, below, self.model, 40)):
            self.assertIn(f"{below}: Not a directory; expected a folder", self.refused(*command))
        os.remove(os.path.join(self.model, "tokenizer.model"))
        missing = os.path.join(self.model, "tokenizer.model") + ": No such file"
        self.assertIn(missing, self.refused(average, "out", self.start, self.model))
        self.assert_not_loaded(self.model, missing)
        config = pathlib.Path(self.start, "config.json")
        less = json.dumps(self.config | {"parts": ["general"]}).encode()
        for text, named in ((b'{"d_model": "\xe9"}', "config.json: expected a JSON object in UTF-8"),
                            (b"{}", "config.json: vocab_size: expected an integer"), (less, "parts, tie_embeddings: expected the parts")):
            config.write_bytes(text)
            self.assert_not_loaded(self.start, named)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--fixtures", required=True)
    arguments, rest = parser.parse_known_args()
    if importlib.util.find_spec("torch") is None:
        print("skipped: this Python has no PyTorch (python3-torch)")
        sys.exit(SKIPPED)
    unittest.main(argv=[sys.argv[0], *rest])
