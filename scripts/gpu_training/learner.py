"""Weights, their optimizer and their average. On a GPU a step is captured once as a CUDA graph and then replayed."""
import torch

import objective
from model import Dhap

BETAS, EPSILON, CLIP_NORM = (0.9, 0.98), 1e-8, 1.0
EAGER_STEPS = 3  # before a capture, as PyTorch wants it: what is set up at a first use can't be captured


class Learner:
    def __init__(self, config, parameters, corpus, options, device):
        self.o, self.corpus, self.device = options, corpus, device
        self.on_gpu = device.type == "cuda"
        self.model = Dhap(config, parameters, device)
        self.average = {name: p.detach().clone() for name, p in self.model.p.items()}
        self.optimizer = self._make_optimizer()
        zeros = lambda *shape, **kind: torch.zeros(*shape, device=device, **kind)
        # What a captured step reads and writes stays at its place in memory.
        self.targets, self.counts = zeros(options.windows, dtype=torch.long), zeros(options.windows, dtype=torch.long)
        self.keep, self.sums = zeros(()), zeros(3)
        self.graph, self.eager_steps, self.steps_to_report = None, 0, 0

    def _make_optimizer(self):
        decays = lambda name, p: p.dim() == 2 and "embedding" not in name  # as src/train/adamw.cc
        p = self.model.p.items()
        groups = [{"params": [x for name, x in p if decays(name, x)], "weight_decay": self.o.weight_decay},
                  {"params": [x for name, x in p if not decays(name, x)], "weight_decay": 0.0}]
        self.rate = torch.zeros((), device=self.device) if self.on_gpu else 0.0
        options = {"capturable": True, "foreach": True} if self.on_gpu else {}
        return torch.optim.AdamW(groups, lr=self.rate, betas=BETAS, eps=EPSILON, **options)

    def step(self, targets, counts, number, spent):
        """Step `number` from 0 of a run of which the share `spent` is over: the rate falls with that."""
        o = self.o
        falling = o.final_rate + (1 - o.final_rate) * (1 - spent)
        self._set_rate(o.learning_rate * min((number + 1) / max(1, o.warmup_steps), falling))
        self.keep.fill_(min(o.average, (number + 1) / (number + 10)))
        self.targets.copy_(targets)
        self.counts.copy_(counts)
        self.steps_to_report += 1
        if not self.on_gpu:
            self._run()
        elif self.eager_steps < EAGER_STEPS:
            self._run_beside()
            self.eager_steps += 1
        else:
            if self.graph is None:
                self._capture()
            self.graph.replay()

    def _set_rate(self, rate):
        if self.on_gpu:
            self.rate.fill_(rate)
        else:
            for group in self.optimizer.param_groups:
                group["lr"] = rate

    def _run(self):
        for p in self.model.p.values():
            p.grad = None
        self.model.dropout_rate, self.model.capacity = self.o.dropout, self.o.capacity
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.on_gpu, cache_enabled=False):
            value, nats = objective.loss(self.model, self.corpus, self.targets, self.counts)
        value.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(self.model.p.values()), CLIP_NORM)
        self.optimizer.step()
        with torch.no_grad():
            self.sums += torch.cat([nats, norm[None]])
            for name, p in self.model.p.items():
                self.average[name].lerp_(p, 1 - self.keep)

    def _run_beside(self):  # on a stream of its own, as a capture will be
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._run()
        torch.cuda.current_stream().wait_stream(stream)

    def _capture(self):
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self._run()

    def report(self):
        """What the steps since the last report had on average. Waits for the device."""
        values = [x / max(1, self.steps_to_report) for x in self.sums.tolist()]
        self.sums.zero_()
        self.steps_to_report = 0
        return dict(zip(("own_nats_per_token", "none_nats_per_token", "gradient_norm"), values))

    def measure(self, *windows):
        """objective.measure with the averaged weights, without dropout."""
        own = self.model.p
        self.model.p, self.model.dropout_rate, self.model.capacity = self.average, 0.0, 1.0
        try:
            return objective.measure(self.model, self.corpus, *windows)
        finally:
            self.model.p = own
