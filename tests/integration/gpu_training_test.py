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
        refused = subprocess.run([sys.executable, script, further, self.model, str(count - 1)], capture_output=True, text=True)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn(f"expected more than the {count - 1}", refused.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--fixtures", required=True)
    arguments, rest = parser.parse_known_args()
    if importlib.util.find_spec("torch") is None:
        print("skipped: this Python has no PyTorch (python3-torch)")
        sys.exit(SKIPPED)
    unittest.main(argv=[sys.argv[0], *rest])
