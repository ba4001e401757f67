#!/usr/bin/env python3
"""tabulate.py MODEL.eval/summary.json…: summaries of `idiolect eval` as one Markdown table, a row a model, named by its folder.

Where MODEL.guided/summary.json stands beside MODEL.eval, its replies are in the columns «guided». "speaker" has a learnt vector
for each user who was trained on, in place of a history. Where a model has no profile, its unigram cache is a row of its own: the
simplest baseline that personalises.
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


def look_up(summary, path):
    for key in path.split("."):
        summary = summary[key]
    return summary


def show(value):
    return "–" if value is None else f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def cells(columns, summary):
    return {column: show(look_up(summary, path)) for column, path in columns.items()}


def row(name, values):
    return "| " + " | ".join([name, *(values.get(column, "–") for column in [*PLAIN, *GUIDED])]) + " |"


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main(paths):
    if not paths:
        sys.exit(__doc__)
    print("| " + " | ".join(["model", *PLAIN, *GUIDED]) + " |")
    print("|" + " --- |" * (1 + len(PLAIN) + len(GUIDED)))
    for path in paths:
        summary = load(path)
        folder, file = os.path.split(os.path.abspath(path))
        folder = folder.removesuffix(".eval")
        name = os.path.basename(folder)
        values = cells(PLAIN, summary)
        guided = os.path.join(folder + ".guided", file)
        if os.path.exists(guided):
            values |= cells(GUIDED, load(guided))
        print(row(name, values))
        if name == "no-profile":
            print(row(f"{name} with a unigram cache", cells(CACHE, summary)))
    print(f"\n{summary['examples']} test examples of {summary['users']} users.")


main(sys.argv[1:])
