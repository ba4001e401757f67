"""Called by make-oracle-fixtures; see there. Weights are shared between all combinations of parts that have their shapes."""
import itertools, json, os, shutil, subprocess, sys, tempfile

oracle, out = sys.argv[1:]
SIZES = dict(vocab_size=400, d_model=12, hidden_size=16, history_layers=2, memory_layers=1, heads=3, feed_forward_size=20,
             max_history=6, max_post_tokens=12, max_response_tokens=10)
PARTS = ["general", "memory", "copy", "post_copy"]

def run(verb, *args): subprocess.run(["/usr/bin/python3", oracle, verb, *args], check=True)

def pair(post, response): return {"post": post, "response": response}

def inputs():
    chat = [pair("How did the concert go?", "It was packed, we danced all night!"), pair("", "Haha, no way :)"), pair("今天天气很好", "好啊，我带一些水果"),
            pair("Soup or noodles?", ""), pair("", ""), pair("Is it green now?", "🎉🎉 yes, it is green 👩‍🚀"), pair("What shall we cook tonight?", "Soup, please, I am cold")]
    long = " ".join(["and then the cat sat on my keyboard again"] * 40)
    histories = {0: [], 1: chat[:1], 3: chat[:3], 6: chat[:6], 7: chat, 40: [chat[i % 7] for i in range(40)]}
    texts = [("What shall we cook?", "Soup, please"), ("", "Haha"), ("好吗？", ""), ("", ""), ("🙂 ok?", "🎉 it is green 👩‍🚀"), (long, "no"), ("so?", long), ("tab\tand\u0000nul", "Ärger ñ")]
    for n, history in histories.items():
        for post, response in texts: yield dict(history=history, post=post, response=response)

os.makedirs(out, exist_ok=True)
with open(f"{out}/inputs.jsonl", "w") as f:
    for line in inputs(): f.write(json.dumps(line, ensure_ascii=False) + "\n")
with tempfile.TemporaryDirectory() as tmp:
    for tied, post_copy in itertools.product([True, False], repeat=2):
        weights = ("tied" if tied else "untied") + ("-3" if post_copy else "-2")
        for keep in itertools.product([True, False], repeat=3):
            parts = [p for p, k in zip(PARTS, (*keep, post_copy)) if k]
            config = dict(SIZES, tie_embeddings=tied, readout_size=12 if tied else 14, parts=parts)
            run("make", "--out", f"{tmp}/m", "--seed", "7", "--config", json.dumps(config), "--text", f"{out}/tokenizer-text.txt")
            name = weights + "".join("-" + p for p in parts)
            for verb in ("score", "reply"): run(verb, "--model", f"{tmp}/m", "--in", f"{out}/inputs.jsonl", "--out", f"{tmp}/{verb}")
            scores, replies = ([json.loads(l) for l in open(f"{tmp}/{verb}")] for verb in ("score", "reply"))
            def short(x): return round(x, 6) if isinstance(x, float) else [short(y) for y in x] if isinstance(x, list) else x
            with open(f"{out}/{name}.jsonl", "w") as f:
                for s, r in zip(scores, replies):
                    f.write(json.dumps({"score": {k: short(v) for k, v in s.items()}, "reply": {k: short(v) for k, v in r.items()}}, ensure_ascii=False) + "\n")
            shutil.copy(f"{tmp}/m/config.json", f"{out}/{name}.config.json")
        shutil.copy(f"{tmp}/m/model.safetensors", f"{out}/{weights}.safetensors")
        shutil.copy(f"{tmp}/m/tokenizer.model", f"{out}/tokenizer.model")
