#!/usr/bin/env python3
"""After an erasure no 12 bytes of what the user said are in the database's files nor in the memory of the server.

    forgetting_test.py --binary build/bin/idiolect --model DIR [--postgres]

With --postgres the store is a PostgreSQL of the test's own, whose files are its own affair: a dump is looked at instead.

Two people's histories are imported, answered from and exported; one of the two is erased. Then every writable page of the
server is read from /proc. Before the erasure the text must be found there, and after it the other one's: else the search
would prove nothing. (A server on PostgreSQL keeps next to nothing; there the text must be in the dump.)
"""
import argparse
import json
import os
import pathlib
import random
import re
import string
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "integration"))
import postgres

PIECE = 12
SKIPPED = 77


def make_texts(seed, count):
    """Texts of words that are in no other text of the world."""
    choose = random.Random(seed)
    words = ["".join(choose.choices(string.ascii_lowercase, k=choose.randint(3, 9))) for _ in range(400)]
    return [" ".join(choose.choices(words, k=choose.randint(4, 40))) for _ in range(count)]


def pieces_of(texts):
    return {text[i:i + PIECE].encode() for text in texts for i in range(len(text) - PIECE + 1)}


def count_pieces(data, pieces):
    found = 0
    for run in re.finditer(rb"[a-z ]{%d,}" % PIECE, data):
        text = run.group()
        found += sum(text[i:i + PIECE] in pieces for i in range(len(text) - PIECE + 1))
    return found


def writable_memory(process):
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
        for line in maps:
            fields = line.split()
            first, last = (int(address, 16) for address in fields[0].split("-"))
            if "rw" not in fields[1]:
                continue
            try:
                memory.seek(first)
                yield memory.read(last - first)
            except (OSError, OverflowError):
                continue


class SqliteFiles:
    """The database, its log and a backup."""
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, pathlib.Path(folder, "database")
        self.folder.mkdir()
        self.url = f"sqlite:{self.folder}/history.db"

    def count(self, pieces):
        subprocess.run([self.binary, "store", "backup", self.url, f"{self.folder}/backup"], check=True, capture_output=True)
        return {path.name: count_pieces(path.read_bytes(), pieces) for path in self.folder.iterdir()}

    def stop(self):
        pass


class PostgresDump:
    def __init__(self, folder):
        self.database = postgres.Postgres(folder)
        self.url = self.database.url

    def count(self, pieces):
        dump = subprocess.run([f"{postgres.PROGRAMS}/pg_dump", self.url], check=True, capture_output=True).stdout
        texts = b"\n".join(bytes.fromhex(text.decode()) for text in re.findall(rb"\\x([0-9a-f]+)", dump))
        return {"dump": count_pieces(texts, pieces)}

    def stop(self):
        self.database.stop()


class Server:
    def __init__(self, args, store):
        self.binary = args.binary
        self.process = subprocess.Popen(
            [args.binary, "serve", "--model", args.model, "--store", store, "--listen",
             "127.0.0.1:0", *args.serve_flag], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.address = line.split()[-1]
                return
        raise SystemExit("the server did not start")

    def run(self, *arguments):
        return subprocess.run([self.binary, *arguments, "--server", self.address], check=True, capture_output=True,
                              text=True).stdout

    def count_in_memory(self, pieces):
        return sum(count_pieces(data, pieces) for data in writable_memory(self.process.pid))


def check(args, folder):
    texts = {user: make_texts(seed, 400) for user, seed in (("ann", 5), ("bob", 6))}
    lines = [{"user": user, "post": said[i], "post_user": "who", "response": said[i + 1], "time": 1000 + i, "source": "s"}
             for user, said in texts.items() for i in range(0, len(said), 2)]
    history = pathlib.Path(folder, "input", "history.jsonl")
    history.parent.mkdir()
    history.write_text("".join(json.dumps(line) + "\n" for line in lines))
    ann, bob = pieces_of(texts["ann"]), pieces_of(texts["bob"])
    database = PostgresDump(folder) if args.postgres else SqliteFiles(args.binary, folder)
    server = Server(args, database.url)
    try:
        server.run("import", str(history))
        for user in texts:
            server.run("ask", "--user", user, texts[user][0])
            server.run("export", "--user", user)
        before, kept = server.count_in_memory(ann), database.count(ann) if args.postgres else None
        server.run("erase", "--user", "ann", "--yes")
        after, other = server.count_in_memory(ann), server.count_in_memory(bob)
        files = database.count(ann)
    finally:
        server.process.terminate()
        server.process.wait()
        database.stop()
    print(f"pieces in memory: {before} before, {after} after, {other} of the other user; in files: {files}")
    if not (kept["dump"] if args.postgres else before and other):
        sys.exit("the search finds nothing even where there is something")
    if after or any(files.values()):
        sys.exit("text of the erased user is still there")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--serve-flag", action="append", default=[], help="passed on to serve")
    args = parser.parse_args()
    if not os.access("/proc/self/mem", os.R_OK):
        print("skipped: the memory of a process can't be read here")
        sys.exit(SKIPPED)
    if args.postgres and not postgres.is_installed():
        print("skipped: PostgreSQL 15 is not installed")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        check(args, folder)


main()
