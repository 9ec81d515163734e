"""Learned heads over a frozen embedder: the kind of a message, its experiment, and where it names styles and subject.

Small networks that were trained from the same examples with different seeds, and vote. Made by
`app.understanding.training`.
They know numbers only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from app.understanding.features import CONTEXT, GRAM_BUCKETS, SHAPES, Features
from app.understanding.request import EXPERIMENTS, KINDS

WEIGHTS = Path(__file__).parent / "weights" / "heads.safetensors"
TAGS = ("O", "B-STYLE", "I-STYLE", "B-SUBJECT", "I-SUBJECT", "B-SETTING", "I-SETTING")
STATE, VECTOR = 1152, 384
WIDTH, QUERIES, HIDDEN = 80, 4, 128
THINNED = 0.3
_NEVER = -1e4


@dataclass(frozen=True)
class Judgement:
    """What the heads say of one message.

    Args:
        kinds: (len(KINDS),) calibrated probabilities.
        experiments: (len(EXPERIMENTS) + 1,) probabilities of what would find out; the last is none.
        tags: A tag of TAGS for each word.
        sure: (words,) how likely each word's tag is, 0..1.
    """

    kinds: NDArray[np.float32]
    experiments: NDArray[np.float32]
    tags: list[str]
    sure: list[float]


class Network(nn.Module):
    """One voter."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(STATE + SHAPES, WIDTH)
        self.near = nn.Conv1d(WIDTH, WIDTH, 5, padding=2)
        self.tags = nn.Linear(2 * WIDTH, len(TAGS))
        self.attend = nn.Linear(2 * WIDTH, QUERIES)
        self.hidden = nn.Linear(VECTOR + QUERIES * WIDTH + CONTEXT, HIDDEN)
        self.kinds = nn.Linear(HIDDEN + CONTEXT, len(KINDS))
        self.experiments = nn.Linear(HIDDEN, len(EXPERIMENTS) + 1)
        self.grams = nn.EmbeddingBag(GRAM_BUCKETS, len(KINDS) + len(EXPERIMENTS) + 1, mode="sum")
        self.drop = nn.Dropout(0.35)
        nn.init.zeros_(self.grams.weight)

    def forward(
        self,
        states: Tensor,
        mask: Tensor,
        vector: Tensor,
        grams: Tensor,
        offsets: Tensor,
        gram_weights: Tensor,
        context: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of kinds (B, kinds), experiments (B, experiments + 1) and tags (B, words, tags).

        Args:
            states: (B, words, STATE + SHAPES).
            mask: (B, words) bool, True for a word.
            vector: (B, VECTOR), unit rows.
            grams: Buckets of all messages in a row, `offsets` (B,) where each begins, `gram_weights` one a bucket.
            context: (B, CONTEXT).
        """
        own = self.drop(torch.relu(self.project(self._thinned(states)))) * mask[..., None]
        near = torch.relu(self.near(own.transpose(1, 2))).transpose(1, 2)
        both = torch.cat([own, self.drop(near)], -1)
        attention = self.attend(both).masked_fill(~mask[..., None], _NEVER).softmax(1)  # (B, words, QUERIES)
        pooled = torch.einsum("bwq,bwd->bqd", attention, near).flatten(1)
        hidden = torch.relu(self.hidden(self.drop(torch.cat([vector * 8, pooled, context], -1))))
        hidden = self.drop(hidden)
        sparse = self.grams(grams, offsets, per_sample_weights=gram_weights)
        kinds = self.kinds(torch.cat([hidden, context], -1)) + sparse[:, : len(KINDS)]
        return kinds, self.experiments(hidden) + sparse[:, len(KINDS) :], self.tags(both)

    def _thinned(self, states: Tensor) -> Tensor:
        """While training, leave out some dimensions of a whole batch: a mask for every number would cost most of the
        time."""
        if not self.training:
            return states
        kept = (torch.rand(states.shape[-1]) > THINNED).float() / (1 - THINNED)
        return states * kept


def batch(features: Sequence[Features]) -> tuple[Tensor, ...]:
    """Stack messages as the arguments of `Network.forward`."""
    width = max(1, max(len(one.words) for one in features))
    states = torch.zeros(len(features), width, STATE + SHAPES)
    mask = torch.zeros(len(features), width, dtype=torch.bool)
    for row, one in enumerate(features):
        states[row, : len(one.words)] = torch.from_numpy(one.states.astype(np.float32))
        mask[row, : max(1, len(one.words))] = True
    grams = torch.tensor([gram for one in features for gram in one.grams])
    weights = torch.tensor([len(one.grams) ** -0.5 for one in features for _ in one.grams])
    offsets = torch.tensor(np.cumsum([0, *(len(one.grams) for one in features[:-1])]))
    vector = torch.from_numpy(np.stack([one.vector for one in features]))
    context = torch.from_numpy(np.stack([one.context for one in features]))
    return states, mask, vector, grams, offsets, weights, context


class Heads:
    """The voters together, with the temperature that makes their certainty true."""

    def __init__(self, networks: Sequence[Network], temperature: float = 1.0) -> None:
        self.networks = [network.eval() for network in networks]
        self.temperature = temperature

    def judge(self, features: Features) -> Judgement:
        """Judge one message."""
        return self.judge_all([features])[0]

    def judge_all(self, features: Sequence[Features]) -> list[Judgement]:
        with torch.inference_mode():
            voted = [network(*batch(features)) for network in self.networks]
        kinds = torch.stack([(v[0] / self.temperature).softmax(-1) for v in voted]).mean(0).numpy()
        experiments = torch.stack([v[1].softmax(-1) for v in voted]).mean(0).numpy()
        tags = torch.stack([v[2].log_softmax(-1) for v in voted]).mean(0).numpy()
        judged = []
        for n, one in enumerate(features):
            scores = tags[n, : len(one.words)]
            best = best_tags(scores)
            sure = [float(np.exp(row[TAGS.index(tag)])) for row, tag in zip(scores, best, strict=True)]
            judged.append(Judgement(kinds[n], experiments[n], best, sure))
        return judged

    def save(self, path: Path) -> None:
        tensors = {
            f"{n}.{name}": value.detach().half().contiguous()
            for n, network in enumerate(self.networks)
            for name, value in network.state_dict().items()
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        about = {
            "networks": len(self.networks),
            "temperature": self.temperature,
            "kinds": KINDS,
            "experiments": EXPERIMENTS,
        }
        save_file(tensors, path, metadata={"heads": json.dumps(about)})


@lru_cache(maxsize=1)
def load_heads(path: Path = WEIGHTS) -> Heads:
    """Open the heads that the package carries.

    Raises:
        ValueError: They were trained for other kinds or experiments than this program knows.
    """
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["heads"])
        if (tuple(about["kinds"]), tuple(about["experiments"])) != (KINDS, EXPERIMENTS):
            raise ValueError(f"{path} was trained for other kinds of messages; run: make train-understanding")
        networks = []
        for n in range(about["networks"]):
            network = Network()
            network.load_state_dict({name: file.get_tensor(f"{n}.{name}").float() for name in network.state_dict()})
            networks.append(network)
    return Heads(networks, about["temperature"])


def best_tags(scores: NDArray[np.float32]) -> list[str]:
    """Return the likeliest sequence in which every I- follows a B- or I- of its own (Viterbi).

    Args:
        scores: (words, len(TAGS)) log-probabilities.
    """
    if not len(scores):
        return []
    total = np.where([tag.startswith("I") for tag in TAGS], _NEVER, 0) + scores[0]
    back = np.zeros(scores.shape, int)
    for n in range(1, len(scores)):
        paths = total[:, None] + _ALLOWED
        back[n] = paths.argmax(0)
        total = paths.max(0) + scores[n]
    path = [int(total.argmax())]
    for n in range(len(scores) - 1, 0, -1):
        path.append(int(back[n, path[-1]]))
    return [TAGS[tag] for tag in reversed(path)]


_ALLOWED = np.array(
    [[_NEVER if after.startswith("I") and before[2:] != after[2:] else 0.0 for after in TAGS] for before in TAGS]
)
