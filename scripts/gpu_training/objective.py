"""What is learnt: the likelihood of a response in four situations, as a served model meets them and `rank` subtracts them."""
import torch

from corpus import EOS

# Weights of the sums over tokens: with the user's history and the post, with the history alone, with the post alone, with
# neither.
OWN, SILENT, NOBODY, NOTHING = 1.0, 0.05, 0.12, 0.05


class Targets:
    """The exchanges to be predicted, with an empty post beside their own."""

    def __init__(self, corpus, targets):
        posts, lengths = corpus.post[targets], corpus.post_length[targets]
        silence = torch.zeros_like(posts)
        silence[:, 0].fill_(EOS)  # by assignment the number would be copied from the processor, which a CUDA graph can't
        self.posts = torch.stack([posts, silence], 1)  # [W, 2, L]
        self.post_lengths = torch.stack([lengths, torch.ones_like(lengths)], 1)
        self.responses, self.lengths = corpus.response[targets], corpus.response_length[targets]

    def under_own(self, model, profile):
        """Under a profile a window, with the post and without: (log P of the responses, their tokens that were counted), [W, 2]."""
        W = len(self.lengths)
        row = torch.arange(2, device=self.lengths.device).expand(W, 2)
        twice = lambda x: x[:, None].expand(-1, 2, *x.shape[1:])
        log_p, counted = model.score(profile, self.posts, self.post_lengths, row, twice(self.responses), twice(self.lengths))
        return log_p.sum(-1), counted.sum(-1)

    def under_nobody(self, model):
        """log P under the profile of nobody, [W, 2]; that profile has only to be computed once."""
        W, flat = len(self.lengths), lambda x: x.flatten(0, 1)[None]
        row = torch.arange(2 * W, device=self.lengths.device)[None]
        twice = lambda x: x.repeat_interleave(2, 0)[None]
        log_p, _ = model.score(model.nobody(self.lengths.device), flat(self.posts), flat(self.post_lengths), row,
                               twice(self.responses), twice(self.lengths))
        return log_p.sum(-1).view(W, 2)


def loss(model, corpus, targets, counts):
    """(loss a token of the responses, nats a token [2] of these: with history and post, with the post alone)."""
    asked = Targets(corpus, targets)
    own, counted = asked.under_own(model, model.profiles(corpus, targets, counts))
    own, tokens = own.sum(0), counted[:, 0].sum().clamp_min(1)
    nobody = asked.under_nobody(model).sum(0)
    total = OWN * own[0] + SILENT * own[1] + NOBODY * nobody[0] + NOTHING * nobody[1]
    return -total / tokens, -torch.stack([own[0], nobody[0]]).detach() / tokens


@torch.no_grad()
def measure(model, corpus, targets, counts, others):
    """log P of the responses, [3, W]: with the own history, with another user's, with none; each with the post."""
    asked = Targets(corpus, targets)
    own, other = (asked.under_own(model, model.profiles(corpus, *window))[0][:, 0] for window in ((targets, counts), others))
    return torch.stack([own, other, asked.under_nobody(model)[:, 0]])
