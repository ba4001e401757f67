"""DHAP in PyTorch with fixed shapes, so that a whole training step can be captured as one CUDA graph.

The mathematics and the names of the tensors are those of src/model; tests/integration/gpu_training_test.py compares the two.
"""
import json
import math
import os
import sys

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
except ImportError as missing:
    sys.exit(f"{os.path.basename(sys.argv[0])}: {missing}; expected PyTorch and numpy, Debian's python3-torch and python3-numpy, "
             "which /usr/bin/python3 reads")

from corpus import BOS, CLS, EOS, PAD
from model_files import check_digests, digests, header_and_data, json_object, read, safetensors, write

PARTS = ["general", "memory", "copy", "post_copy"]
MOST_TOKENS = 4096  # of a post or a response
RANGES = {  # as src/model/config.cc takes them
    "vocab_size": (5, 1 << 20), "d_model": (1, 8192), "hidden_size": (2, 16384), "readout_size": (1, 16384),
    "history_layers": (0, 64), "memory_layers": (0, 64), "heads": (1, 8192), "feed_forward_size": (1, 65536),
    "max_history": (1, 1024), "max_post_tokens": (2, MOST_TOKENS), "max_response_tokens": (2, MOST_TOKENS)}
MINUS_LARGE = -1e9  # finite: a row without any place must stay a number


def parameter_shapes(c):
    V, d, H, R, f = (c[k] for k in ("vocab_size", "d_model", "hidden_size", "readout_size", "feed_forward_size"))
    shapes = {"token_embedding.weight": (V, d), "slot_embedding.weight": (c["max_history"] + 1, d),
              "position_embedding.weight": (max(c["max_post_tokens"], c["max_response_tokens"]) + 1, d)}

    def linear(name, out, size):
        shapes[name + ".weight"], shapes[name + ".bias"] = (out, size), (out,)

    def gru(name, hidden):
        shapes.update({f"{name}.weight_ih": (3 * hidden, d), f"{name}.weight_hh": (3 * hidden, hidden),
                       f"{name}.bias_ih": (3 * hidden,), f"{name}.bias_hh": (3 * hidden,)})

    for encoder, layers in (("history_encoder", c["history_layers"]), ("memory_encoder", c["memory_layers"])):
        norms = [f"{encoder}.norm"]
        for i in range(layers):
            layer = f"{encoder}.layers.{i}."
            norms += [layer + "norm1", layer + "norm2"]
            for part in ("query", "key", "value", "output"):
                linear(f"{layer}attention.{part}", d, d)
            linear(layer + "feed_forward.up", f, d), linear(layer + "feed_forward.down", d, f)
        for norm in norms:
            shapes[norm + ".weight"] = shapes[norm + ".bias"] = (d,)
    for way in ("forward", "backward"):
        gru(f"post_encoder.{way}", H // 2), linear(f"post_encoder.init_{way}", H // 2, d)
    linear("decoder.bridge", H, H + d), gru("decoder.gru", H), linear("decoder.post_query", H, H)
    linear("decoder.memory_query", d, H), linear("decoder.copy_query", d, H)
    linear("decoder.readout", R, 2 * H + 2 * d), linear("decoder.gate", 3, 2 * H + 2 * d)
    shapes["decoder.output.bias"] = (V,)
    return shapes


def random_parameters(c, log_shares, seed):
    """As Parameters::Random of src/model/parameters.cc draws them; the output's bias starts at the tokens' frequencies."""
    generator = torch.Generator().manual_seed(seed)
    parameters = {}
    for name, shape in parameter_shapes(c).items():
        if "norm" in name and name.endswith(".weight"):
            parameters[name] = torch.ones(shape)
        elif len(shape) == 1:
            parameters[name] = torch.zeros(shape)
        else:
            deviation = 0.05 if "embedding" in name else (5.0 if name.endswith(".weight_ih") else 1.0) / math.sqrt(shape[1])
            parameters[name] = torch.randn(shape, generator=generator) * deviation
    parameters["decoder.gate.bias"] = torch.tensor([1.0, -1.0, -1.0])
    parameters["decoder.output.bias"] = log_shares.clone()
    return parameters


class Dhap:
    def __init__(self, config, parameters, device):
        self.c = config
        self.p = {name: t.to(device).requires_grad_() for name, t in parameters.items()}
        self.impossible = torch.zeros(config["vocab_size"], device=device)
        self.impossible[[PAD, BOS, CLS]] = -math.inf
        self.dropout_rate = 0.0
        self.capacity = 1.0  # the share of a batch's places for tokens that are computed, see `generated`

    # ---- pieces ------------------------------------------------------------------------------------------------
    def dropout(self, x):
        return F.dropout(x, self.dropout_rate) if self.dropout_rate > 0 else x

    def linear(self, name, x):
        return F.linear(x, self.p[name + ".weight"], self.p[name + ".bias"])

    def norm(self, name, x):
        return F.layer_norm(x, x.shape[-1:], self.p[name + ".weight"], self.p[name + ".bias"], self.c["layer_norm_epsilon"])

    def embed(self, ids):
        # The gradient of F.embedding adds up equal ids one after the other, that of index_select all at once.
        table = self.p["token_embedding.weight"]
        return table.index_select(0, ids.reshape(-1)).view(*ids.shape, table.shape[1])

    def gru(self, name, x, h):
        """x [B, L, d], h [B, H] → states [B, L, H], in the precision that autocast has for products."""
        weights = [self.p[f"{name}.{part}"] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        if torch.is_autocast_enabled():
            kind = torch.get_autocast_gpu_dtype()
            x, h, weights = x.to(kind), h.to(kind), [w.to(kind) for w in weights]
        with torch.autocast(x.device.type, enabled=False):
            return torch._VF.gru(x, h.unsqueeze(0).contiguous(), weights, True, 1, 0.0, torch.is_grad_enabled(), False, True)[0]

    def transformer(self, name, layers, x, mask):
        """x [B, T, d], mask [B, T] of the places that are there."""
        length = x.shape[1]
        x, mask = F.pad(x, (0, 0, 0, -length % 8)), F.pad(mask, (0, -length % 8))  # rows as the fused attention wants them
        heads, (B, T, d) = self.c["heads"], x.shape
        bias = torch.zeros_like(mask, dtype=torch.float32).masked_fill(~mask, MINUS_LARGE)[:, None, None, :]
        for i in range(layers):
            layer = f"{name}.layers.{i}."
            u = self.norm(layer + "norm1", x)
            q, k, v = (self.linear(f"{layer}attention.{part}", u).view(B, T, heads, d // heads).transpose(1, 2)
                       for part in ("query", "key", "value"))
            x = x + self.dropout(self.linear(layer + "attention.output",
                                             self.attend(q, k, v, bias).transpose(1, 2).reshape(B, T, d)))
            up = F.gelu(self.linear(layer + "feed_forward.up", self.norm(layer + "norm2", x)))
            x = x + self.dropout(self.linear(layer + "feed_forward.down", up))
        return self.norm(f"{name}.norm", x[:, :length])

    def attend(self, q, k, v, bias):
        if hasattr(F, "scaled_dot_product_attention"):  # from PyTorch 2 on
            mask = bias.to(q.dtype).expand(-1, -1, q.shape[2], -1)
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=self.dropout_rate)
        scores = torch.matmul(q, k.transpose(-2, -1)).float() / math.sqrt(q.shape[-1]) + bias
        return torch.matmul(self.dropout(torch.softmax(scores, -1)).to(v.dtype), v)

    # ---- the model ---------------------------------------------------------------------------------------------
    def profiles(self, corpus, targets, counts):
        """The profiles of W windows: of each the newest `counts` exchanges before `targets`."""
        N, W, device = self.c["max_history"], len(targets), targets.device
        column = torch.arange(N, device=device)
        pair_mask = column >= N - counts[:, None]  # [W, N]; the newest stands last
        index = (targets[:, None] - N + column).clamp_min(0)
        ids, posts = corpus.response[index], corpus.post[index]  # [W, N, L]
        place = torch.arange(ids.shape[2], device=device)
        inside = (place < corpus.response_length[index][..., None]) & pair_mask[..., None]
        positions, slots = self.p["position_embedding.weight"], self.p["slot_embedding.weight"]
        rows = self.embed(ids) + positions[1:ids.shape[2] + 1] + slots[N - column][:, None, :]
        cls = self.p["token_embedding.weight"][CLS] + positions[0] + slots[0]
        x = torch.cat([cls.expand(W, 1, -1), rows.flatten(1, 2)], 1)
        mask = torch.cat([torch.ones(W, 1, dtype=torch.bool, device=device), inside.flatten(1)], 1)
        z = self.transformer("history_encoder", self.c["history_layers"], self.dropout(x), mask)
        states = z[:, 1:]
        share = inside / inside.sum(2, keepdim=True).clamp_min(1)
        values = (states.view(*ids.shape, -1) * share[..., None]).sum(2)
        posts_mask = (torch.arange(posts.shape[2], device=device) < corpus.post_length[index][..., None]).flatten(0, 1)
        read = self.transformer("memory_encoder", self.c["memory_layers"],
                                self.dropout(self.embed(posts.flatten(0, 1)) + positions[1:posts.shape[2] + 1]), posts_mask)
        keys = ((read * posts_mask[..., None]).sum(1) / posts_mask.sum(1, keepdim=True)).view(W, N, -1)
        return {"general": z[:, 0], "keys": keys, "values": values, "pair_mask": pair_mask, "word_states": states,
                "word_ids": ids.flatten(1), "word_mask": (inside & (ids != EOS)).flatten(1)}

    def nobody(self, device):
        """The profile of one window without exchanges: no keys, no words."""
        x = self.p["token_embedding.weight"][CLS] + self.p["position_embedding.weight"][0] + self.p["slot_embedding.weight"][0]
        mask = torch.ones(1, 1, dtype=torch.bool, device=device)
        z = self.transformer("history_encoder", self.c["history_layers"], self.dropout(x.view(1, 1, -1)), mask)
        return {"general": z[:, 0], "keys": None, "word_states": None}

    def posts(self, ids, lengths, general):
        """ids [W, A, L] read under the general profiles [W, d]: (states [W, A, L, H], summary [W, A, H])."""
        W, A, L = ids.shape
        ids, lengths = ids.flatten(0, 1), lengths.flatten()
        place = torch.arange(L, device=ids.device)
        reversed_place = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)
        states, lasts = [], []
        for way in ("forward", "backward"):
            order = ids if way == "forward" else ids.gather(1, reversed_place)
            start = torch.tanh(self.linear(f"post_encoder.init_{way}", general)).repeat_interleave(A, 0)
            out = self.gru(f"post_encoder.{way}", self.dropout(self.embed(order)), start)
            lasts.append(out.gather(1, (lengths - 1)[:, None, None].expand(-1, 1, out.shape[2])).squeeze(1))
            states.append(out if way == "forward" else out.gather(1, reversed_place[..., None].expand_as(out)))
        summary = torch.cat(lasts, -1)
        return self.dropout(torch.cat(states, -1)).view(W, A, L, -1), summary.view(W, A, -1)

    def score(self, profile, post_ids, post_lengths, post_of_row, responses, lengths):
        """log P of every token: row r of window w answers its post `post_of_row[w, r]` with `responses[w, r]`.

        post_ids [W, A, L], post_of_row [W, R], responses [W, R, T] → (log P [W, R, T], 0 where there is nothing; whether there
        is something, [W, R, T]: a token of the response, up to `capacity`).
        """
        W, R, T = responses.shape
        L, H, d = post_ids.shape[2], self.c["hidden_size"], self.c["d_model"]
        general = profile["general"]
        encoded, summary = self.posts(post_ids, post_lengths, general)
        window = torch.arange(W, device=responses.device)[:, None]
        post, ids, count = encoded[window, post_of_row], post_ids[window, post_of_row], post_lengths[window, post_of_row]
        e = general[:, None, :].expand(W, R, d)
        start = torch.tanh(self.linear("decoder.bridge", torch.cat([summary[window, post_of_row], e.to(summary.dtype)], -1)))
        previous = F.pad(responses[..., :-1], (1, 0), value=BOS)
        s = self.gru("decoder.gru", self.dropout(self.embed(previous.flatten(0, 1))), start.flatten(0, 1))
        # the post
        place = torch.arange(L, device=responses.device)
        scores = torch.bmm(self.linear("decoder.post_query", s), post.flatten(0, 1).transpose(1, 2)).float() / math.sqrt(H)
        scores, target = scores.view(W, R, T, L), responses[..., None]
        mask, words = (place < count[..., None])[:, :, None], (place < count[..., None] - 1)[:, :, None]
        weights = _masked_softmax(scores, mask)
        context = torch.bmm(weights.flatten(0, 1).to(post.dtype), post.flatten(0, 1)).view(W, R, T, H)
        from_post = (_masked_softmax(scores, words) * (ids[:, :, None, :] == target)).sum(-1)
        s = s.view(W, R, T, H)
        read, from_history = self.memory(profile, s, context), self.copied(profile, s, target)
        features = torch.cat([context, s, e[:, :, None, :].expand(W, R, T, d).to(s.dtype), read], -1)
        absent = [torch.zeros(W, R, dtype=torch.bool, device=s.device), ~from_history[1].expand(W, R), ~words.any(-1).squeeze(2)]
        gate = self.linear("decoder.gate", features).float().masked_fill(torch.stack(absent, -1)[:, :, None, :], -math.inf)
        real = torch.arange(T, device=s.device) < lengths[..., None]
        o = self.dropout(torch.tanh(self.linear("decoder.readout", features)))
        generated, real = self.generated(o.flatten(0, 2), responses, real)
        sources = torch.stack([generated, _safe_log(from_history[0]), _safe_log(from_post)], -1)
        gate = torch.log_softmax(gate, -1)
        return torch.logsumexp(gate + sources, -1) * real, real

    def memory(self, profile, s, like):
        if profile["keys"] is None:
            return like.new_zeros(*like.shape[:3], self.c["d_model"])
        W, R, T, _ = s.shape
        query = self.linear("decoder.memory_query", s).view(W, R * T, -1)
        scores = torch.bmm(query, profile["keys"].to(query.dtype).transpose(1, 2)).float() / math.sqrt(query.shape[-1])
        weights = _masked_softmax(scores, profile["pair_mask"][:, None])
        return torch.bmm(weights.to(like.dtype), profile["values"].to(like.dtype)).view(W, R, T, -1)

    def copied(self, profile, s, target):
        """(the mass on the target among the user's words [W, R, T], whether there are any [W, 1])."""
        W, R, T, _ = s.shape
        if profile["word_states"] is None:
            return s.new_zeros(W, R, T, dtype=torch.float32), torch.zeros(W, 1, dtype=torch.bool, device=s.device)
        query = self.linear("decoder.copy_query", s).view(W, R * T, -1)
        scores = torch.bmm(query, profile["word_states"].to(query.dtype).transpose(1, 2)).float() / math.sqrt(query.shape[-1])
        mask = profile["word_mask"]
        weights = _masked_softmax(scores, mask[:, None])
        hit = target.reshape(W, R * T, 1) == profile["word_ids"][:, None]
        return (weights * hit).sum(-1).view(W, R, T), mask.any(-1, keepdim=True)

    def generated(self, o, responses, real):
        """(log P of generating each token, where that is computed). Of the places of real tokens at most `capacity` are: how
        many are real differs from batch to batch, shapes may not."""
        places = max(1, int(self.capacity * real.numel()))
        place = torch.argsort(~real.flatten(), stable=True)[:places]
        # Behind </s> stands <pad>, which is impossible: ask for </s> there, what is masked must stay finite.
        asked = responses.masked_fill(responses == PAD, EOS).flatten()[place]
        bias = self.p["decoder.output.bias"] + self.impossible
        logits = F.linear(o[place], self.p["token_embedding.weight"], bias)
        log_p = -F.cross_entropy(logits.float(), asked, reduction="none")
        computed = torch.zeros_like(real).flatten().index_fill(0, place, True).view(real.shape) & real
        return torch.zeros(real.numel(), device=o.device).index_copy(0, place, log_p).view(real.shape), computed


def _masked_softmax(scores, mask):
    return torch.softmax(scores.masked_fill(~mask, MINUS_LARGE), -1) * mask


def _safe_log(p):
    """log of a probability that may be 0, with a gradient that stays finite there."""
    return p.clamp_min(torch.finfo(torch.float32).tiny).log().masked_fill(p <= 0, -math.inf)


# ---- files -----------------------------------------------------------------------------------------------------
def save(folder, config, parameters, tokenizer):
    """A model directory with float16 weights, the tokenizer file copied into it, and checksums of all three."""
    tokenizer_bytes = read(tokenizer)
    config_bytes = json.dumps(config, indent=2).encode()
    tensors, data = {}, b""
    for name in sorted(parameters):
        raw = parameters[name].detach().float().cpu().numpy().astype("<f2").tobytes()
        tensors[name] = {"dtype": "F16", "shape": list(parameters[name].shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    header = {"__metadata__": digests(data, config_bytes, tokenizer_bytes)} | tensors
    write(folder, {"config.json": config_bytes, "tokenizer.model": tokenizer_bytes, "model.safetensors": safetensors(header, data)})


def load(folder):
    """(config, parameters) of a model directory."""
    weights_path, config_path, tokenizer_path = (
        os.path.join(folder, name) for name in ("model.safetensors", "config.json", "tokenizer.model"))
    config_bytes, tokenizer_bytes = read(config_path), read(tokenizer_path)
    config = _config(config_path, config_bytes)
    header, data = header_and_data(weights_path, read(weights_path))
    check_digests(weights_path, header.pop("__metadata__", {}), digests(data, config_bytes, tokenizer_bytes))
    shapes = parameter_shapes(config)
    unknown = sorted(header.keys() - shapes.keys())  # "__metadata__" among them, where its name is damaged
    if unknown:
        raise SystemExit(f"{weights_path}: {unknown[0][:80]!a}: expected no such tensor in a model of this config.json")
    return config, {name: _tensor(weights_path, name, shape, header, data) for name, shape in shapes.items()}


def _config(path, content):
    config = json_object(path, content)
    for name, (low, high) in RANGES.items():
        if type(config.get(name)) is not int or not low <= config[name] <= high:
            raise SystemExit(f"{path}: {name}: expected an integer from {low} to {high}")
    if config["d_model"] % config["heads"]:
        raise SystemExit(f"{path}: heads: expected a divisor of d_model")
    if type(config.get("layer_norm_epsilon")) not in (int, float):
        raise SystemExit(f"{path}: layer_norm_epsilon: expected a number")
    parts = config.get("parts")
    if not isinstance(parts, list) or {str(part) for part in parts} != set(PARTS) or config.get("tie_embeddings") is not True:
        raise SystemExit(f"{path}: parts, tie_embeddings: expected the parts {', '.join(PARTS)} and tied embeddings")
    return config


def _tensor(path, name, shape, header, data):
    try:
        entry = header[name]
        begin, end = entry["data_offsets"]
        if entry["shape"] != list(shape):
            raise ValueError
        values = np.frombuffer(data[begin:end], {"F16": "<f2", "F32": "<f4"}[entry["dtype"]]).astype(np.float32)
        if not np.isfinite(values).all():
            raise ValueError
        return torch.from_numpy(values.reshape(shape).copy())
    except (ValueError, KeyError, TypeError):
        raise SystemExit(f"{path}: {name}: expected finite F16 or F32 numbers of the shape {list(shape)}")
