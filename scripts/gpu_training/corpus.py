"""What `idiolect prepare` wrote, as tensors: every exchange padded to the model's lengths, users one after the other."""
import gzip
import hashlib
import json
import os
import zlib

import numpy as np
import torch

PAD, BOS, EOS, CLS = 0, 2, 3, 4
VERSION = 1


class Corpus:
    """Exchanges [N] oldest first within a user; users [U] sorted by source.

    post, response: int64 [N, 32] with PAD behind `</s>`; post_length, response_length: [N], `</s>` counted; words: [N].
    first, train_end, valid_end: [U], a user's exchanges are [first, valid_end), of which [first, train_end) train.
    source: [U], a number from 0 for each name in `sources`.
    """

    def __init__(self, folder):
        self.tokenizer = os.path.join(folder, "tokenizer.model")
        path = os.path.join(folder, "exchanges.jsonl.gz")
        self.sources, self.first, self.train_end, self.valid_end, self.source = [], [], [], [], []
        texts = {"post": [], "response": [], "words": []}
        number = 0
        try:
            with gzip.open(path, "rt", encoding="utf-8") as file:
                self._take_header(json.loads(next(file)))
                for number, line in enumerate(file, 1):
                    self._take(json.loads(line), number - 1, texts)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SystemExit(f"{path}:{number + 1}: {error}; expected a line that `idiolect prepare` writes")
        except (OSError, EOFError, zlib.error, StopIteration) as error:
            raise SystemExit(f"{path}: {str(error) or 'is empty'}; expected what `idiolect prepare` writes")
        if not self.first:
            raise SystemExit(f"{path}: holds no exchange")
        self.post, self.post_length = _padded(texts["post"], self.max_post_tokens)
        self.response, self.response_length = _padded(texts["response"], self.max_response_tokens)
        self.words = torch.tensor(texts["words"])
        for name in ("first", "train_end", "valid_end", "source"):
            setattr(self, name, np.array(getattr(self, name)))

    def _take_header(self, header):
        if header.get("prepared_version") != VERSION:
            raise ValueError(f"prepared_version: expected {VERSION}")
        self.vocab_size = header["vocab_size"]
        self.max_post_tokens, self.max_response_tokens = header["max_post_tokens"], header["max_response_tokens"]
        with open(self.tokenizer, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        # A folder that was prepared before the digest was written has none.
        if header.get("sha256_tokenizer", digest) != digest:
            raise ValueError(f"sha256_tokenizer: the ids are of another tokenizer than {self.tokenizer}")

    def _take(self, exchange, number, texts):
        valid = "valid" in exchange
        if exchange["user"] == len(self.first):
            if exchange["source"] not in self.sources:
                self.sources.append(exchange["source"])
            self.first.append(number), self.train_end.append(number), self.valid_end.append(number)
            self.source.append(self.sources.index(exchange["source"]))
        if exchange["user"] + 1 != len(self.first):
            raise ValueError("user: users must come in order")
        if self.train_end[-1] == self.first[-1] if valid else self.train_end[-1] != number:
            raise ValueError("valid: expected a user's exchanges to train on first, at least one")
        for name, most in (("post", self.max_post_tokens), ("response", self.max_response_tokens)):
            ids = exchange[name]
            if not 1 <= len(ids) <= most or ids[-1] != EOS or not 0 <= min(ids) <= max(ids) < self.vocab_size:
                raise ValueError(f"{name}: expected 1 to {most} token ids below {self.vocab_size} that end with {EOS}")
        self.valid_end[-1] += 1
        self.train_end[-1] += not valid
        for name, values in texts.items():
            values.append(exchange[name])

    def check_fits(self, folder, config):
        """Ends the program where the model of `folder` reads other tokens than these."""
        for name in ("vocab_size", "max_post_tokens", "max_response_tokens"):
            if config[name] != getattr(self, name):
                raise SystemExit(f"{folder}: {name}: expected {getattr(self, name)}, as the prepared exchanges have it")
        other = os.path.join(folder, "tokenizer.model")
        try:
            with open(self.tokenizer, "rb") as mine, open(other, "rb") as its:
                if mine.read() != its.read():
                    raise SystemExit(f"{other}: is another tokenizer than {self.tokenizer}; prepare with --tokenizer {other}")
        except OSError as error:
            raise SystemExit(f"{error.filename}: {error.strerror}")

    def to(self, device):
        for name in ("post", "post_length", "response", "response_length", "words"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    def log_shares(self):
        """The logarithm of each token's share of the training responses, where the output's bias starts."""
        counts = np.ones(self.vocab_size)
        for begin, end in zip(self.first, self.train_end):
            ids = self.response[begin:end][self.response[begin:end] != PAD].numpy()
            counts += np.bincount(ids, minlength=self.vocab_size)
        return torch.from_numpy(np.log(counts / counts.sum())).float()


def _padded(texts, width):
    lengths = np.array([len(t) for t in texts])
    ids = np.full((len(texts), width), PAD, np.int64)
    ids[np.arange(width) < lengths[:, None]] = np.concatenate([np.array(t) for t in texts])
    return torch.from_numpy(ids), torch.from_numpy(lengths)


class Sampler:
    """Draws windows. A window is given by its target, the exchange behind it, and by how many exchanges before that it holds.

    A user is drawn with probability ∝ (training exchanges)^power, as src/train/batcher.cc does.
    """

    def __init__(self, corpus, max_history, short_history_rate, power, seed):
        self.corpus, self.max_history, self.short_history_rate = corpus, max_history, short_history_rate
        self.random = np.random.default_rng(seed)
        weights = (corpus.train_end - corpus.first).astype(float) ** power
        self.shares = weights / weights.sum()

    def draw(self, windows):
        """(targets, counts), each int64 [windows]."""
        users = self.random.choice(len(self.shares), windows, p=self.shares)
        first, end = self.corpus.first[users], self.corpus.train_end[users]
        targets = first + (self.random.random(windows) * (end - first)).astype(np.int64)
        counts = np.minimum(targets - first, self.max_history)
        short = self.random.random(windows) < self.short_history_rate
        counts[short] = (self.random.random(short.sum()) * (counts[short] + 1)).astype(np.int64)
        return torch.from_numpy(targets), torch.from_numpy(counts)


def validation_windows(corpus, most, max_history, seed):
    """(targets, counts, others) of all validation exchanges, or of `most` of them; others are the windows, as targets and
    counts, of the next user of the same source who has validation exchanges (of one who is alone there, the own)."""
    if (corpus.valid_end == corpus.train_end).all():
        raise SystemExit("the prepared exchanges: expected some that validate")
    targets = np.concatenate([np.arange(*span) for span in zip(corpus.train_end, corpus.valid_end)])
    if len(targets) > most:
        targets = np.sort(np.random.default_rng(seed).choice(targets, most, replace=False))
    users = np.searchsorted(corpus.first, targets, side="right") - 1
    validated = np.flatnonzero(corpus.valid_end > corpus.train_end)
    follower = {}
    for source in range(len(corpus.sources)):
        peers = validated[corpus.source[validated] == source]
        follower.update(zip(peers, np.roll(peers, -1)))
    others = np.array([follower[u] for u in users])
    window = lambda at, user: (torch.from_numpy(at), torch.from_numpy(np.minimum(at - corpus.first[user], max_history)))
    return *window(targets, users), window(corpus.train_end[others], others)
