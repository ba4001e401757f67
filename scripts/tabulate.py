#!/usr/bin/env python3
"""tabulate.py MODEL.eval/summary.json…: summaries of `idiolect eval` as one Markdown table, a row a model, named by its folder.

Where MODEL.guided/summary.json stands beside MODEL.eval, its replies are in the columns «guided». "speaker" has a learnt vector
for each user who was trained on, in place of a history. Its guided replies, as those of every model, do know the user's history,
since word guidance counts the words in it. Where a model has no profile, its unigram cache is a row of its own: the simplest
baseline that personalises.
"""
import json, os, sys

PLAIN = {
    "own": "per_word_perplexity.own", "other": "per_word_perplexity.other", "none": "per_word_perplexity.none",
    "other/own": "other_over_own", "who of 2": "who_said_it.2", "who of 10": "who_said_it.10",
    "reply, personal": "which_reply.personal", "reply, joint": "which_reply.joint", "post": "which_post",
    "P-F1": "p_f1", "P-Cover": "p_cover", "distinct-2": "distinct.2",
}
GUIDED = {"guided P-F1": "p_f1", "guided P-Cover": "p_cover", "guided distinct-2": "distinct.2"}
CACHE = {"own": "per_word_perplexity.cache", "P-F1": "cache_replies.p_f1", "P-Cover": "cache_replies.p_cover"}


class Summary:
    def __init__(self, path):
        self.path = path
        try:
            with open(path, encoding="utf-8") as file:
                self.facts = json.load(file)
        except OSError as error:
            sys.exit(f"tabulate.py: {path}: {error.strerror}")
        except (ValueError, RecursionError):
            sys.exit(f"tabulate.py: {path}: expected the JSON that `idiolect eval` writes")

    def number(self, name):
        """The number of a name like "distinct.2", None where it was not measured."""
        value = self.facts
        try:
            for key in name.split("."):
                value = value[key]
        except (KeyError, TypeError):
            value = name
        if not isinstance(value, (int, float, type(None))):
            sys.exit(f"tabulate.py: {self.path}: {name}: expected a number or null, which this version's `idiolect eval` writes")
        return value

    def cells(self, columns):
        return {column: show(self.number(name)) for column, name in columns.items()}


def show(value):
    return "–" if value is None else f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def row(name, values):
    return "| " + " | ".join([name, *(values.get(column, "–") for column in [*PLAIN, *GUIDED])]) + " |"


def main(paths):
    if not paths:
        sys.exit(__doc__)
    print("| " + " | ".join(["model", *PLAIN, *GUIDED]) + " |")
    print("|" + " --- |" * (1 + len(PLAIN) + len(GUIDED)))
    for path in paths:
        summary = Summary(path)
        folder, file = os.path.split(os.path.abspath(path))
        folder = folder.removesuffix(".eval")
        name = os.path.basename(folder)
        values = summary.cells(PLAIN)
        guided = os.path.join(folder + ".guided", file)
        if os.path.exists(guided):
            values |= Summary(guided).cells(GUIDED)
        print(row(name, values))
        if name == "no-profile":
            print(row(f"{name} with a unigram cache", summary.cells(CACHE)))
    print(f"\n{summary.number('examples')} test examples of {summary.number('users')} users.")


main(sys.argv[1:])
