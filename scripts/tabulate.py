#!/usr/bin/env python3
"""tabulate.py SUMMARY.json…: summaries of `idiolect eval` as one Markdown table, a row a model, named by its folder.

"speaker" has a learnt vector for each user who was trained on, in place of a history. Where a model has no profile, its
unigram cache is a row of its own: the simplest baseline that personalises.
"""
import json, os, sys

COLUMNS = {
    "own": "per_word_perplexity.own", "other": "per_word_perplexity.other", "none": "per_word_perplexity.none",
    "other/own": "other_over_own", "who of 2": "who_said_it.2", "who of 10": "who_said_it.10",
    "reply, personal": "which_reply.personal", "reply, joint": "which_reply.joint", "post": "which_post",
    "P-F1": "p_f1", "P-Cover": "p_cover", "distinct-2": "distinct.2",
}


def look_up(summary, path):
    for key in path.split("."):
        summary = summary[key]
    return summary


def show(value):
    return "–" if value is None else f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def main(paths):
    if not paths:
        sys.exit(__doc__)
    print(row(["model", *COLUMNS]))
    print(row(["---"] * (len(COLUMNS) + 1)))
    for path in paths:
        with open(path, encoding="utf-8") as file:
            summary = json.load(file)
        name = os.path.basename(os.path.dirname(os.path.abspath(path))).removesuffix(".eval")
        print(row([name, *(show(look_up(summary, column)) for column in COLUMNS.values())]))
        if name == "no-profile":
            cache = show(look_up(summary, "per_word_perplexity.cache"))
            print(row([f"{name} with a unigram cache", cache, *["–"] * (len(COLUMNS) - 1)]))
    print(f"\n{summary['examples']} test examples of {summary['users']} users.")


main(sys.argv[1:])
