"""Small classifiers in one network: which style, object, colour and setting a picture shows, and which two things.

They learn from drawn scenes alone, never from a render, so what they say about a render is a held-out judgement.
Pencil sketches and charcoal have no colour: colour is neither learned nor scored on them.
"""

import functools
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from tools.studio.geometry import SIZE_PX
from tools.studio.vocabulary import LEARNED, Vocabulary
from tools.studio.vocabulary import WEIGHTS as MODEL

Pictures = npt.NDArray[np.uint8]
Signal = npt.NDArray[np.float32]
LEFT, BESIDE, NOTHING = "left", "beside", "nothing"
COLOURLESS = ("pencil sketch", "charcoal")


def labels_of(vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    """The questions of a vocabulary and their answers; where some scenes hold two things, also which stands where."""
    labels = {
        "style": vocabulary.styles, "object": vocabulary.objects, "colour": vocabulary.colours,
        "setting": vocabulary.settings,
    }  # fmt: skip
    return labels | {LEFT: vocabulary.objects, BESIDE: (*vocabulary.objects, NOTHING)} if vocabulary.pairs else labels


LABELS = labels_of(LEARNED)
WEIGHTS = MODEL / "judges.safetensors"


class Judges(nn.Module):
    """One convolutional trunk for each group of questions and one linear head per question.

    Style is texture and the rest is content: two trunks keep them from sharing evidence. Which thing of two stands on
    the left, and which beside it on the right, is told from the two halves of the picture.
    """

    def __init__(self, channels: tuple[int, ...], labels: dict[str, tuple[str, ...]] = LABELS) -> None:
        super().__init__()
        self.channels, self.labels = channels, labels
        self.texture = trunk(tuple(max(8, width // 2) for width in channels))
        self.content = trunk(channels)
        self.heads = nn.ModuleDict()
        for question, answers in labels.items():
            width = (
                max(8, channels[-1] // 2) if question == "style" else channels[-1] * (1 + (question in (LEFT, BESIDE)))
            )
            self.heads[question] = nn.Linear(2 * width, len(answers))

    def features(self, signal: torch.Tensor) -> torch.Tensor:
        """What the questions are answered from, (N, features) for (N, 3, 128, 128) in -1..1: texture, then content."""
        return torch.cat([pooled(self.texture(signal)), pooled(self.content(signal))], dim=1)

    def forward(self, signal: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits (N, answers) of each question for (N, 3, 128, 128) in -1..1."""
        maps = self.content(signal)
        seen = {"style": pooled(self.texture(signal))}
        if BESIDE in self.heads:
            seen[LEFT] = seen[BESIDE] = torch.cat([pooled(half) for half in maps.chunk(2, dim=3)], dim=1)
        content = pooled(maps)
        return {name: head(seen.get(name, content)) for name, head in self.heads.items()}


def trunk(channels: tuple[int, ...]) -> nn.Sequential:
    """Convolutions that halve the picture once for each entry: (N, 3, S, S) to (N, channels[-1], S / 2^n, S / 2^n)."""
    layers: list[nn.Module] = []
    before = 3
    for level, width in enumerate(channels):
        layers += [
            nn.Conv2d(before, width, 5 if level == 0 else 3, stride=2, padding=2 if level == 0 else 1),
            nn.GroupNorm(4, width),
            nn.SiLU(),
        ]
        if level > 0:
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(4, width), nn.SiLU()]
        before = width
    return nn.Sequential(*layers)


def pooled(maps: torch.Tensor) -> torch.Tensor:
    """(N, C, h, w) to (N, 2 C): the mean tells how much, the maximum tells whether."""
    return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)


def disturb(signal: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """Shift, blur, contrast, tint and noise, each drawn per picture: (N, 3, H, W) in -1..1 to the same.

    The size of these is that of a diffusion model's own faults, so that they do not decide the answer.
    """
    count = len(signal)

    def draw(low: float, high: float) -> torch.Tensor:
        return (low + (high - low) * torch.rand(count, generator=rng)).to(signal)[:, None, None, None]

    signal = F.pad(signal, (6, 6, 6, 6), mode="replicate")
    tops, lefts = torch.randint(0, 13, (2, count), generator=rng).tolist()
    size = signal.shape[-1] - 12
    signal = torch.stack(
        [s[:, t : t + size, left : left + size] for s, t, left in zip(signal, tops, lefts, strict=True)]
    )
    blurred = F.avg_pool2d(F.pad(signal, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    amount = draw(-0.6, 1.0).clamp(min=0)
    signal = signal + amount * (blurred - signal)
    signal = signal * draw(0.85, 1.15) + draw(-0.06, 0.06)
    noise = torch.randn(signal.shape, generator=rng).to(signal)
    return (signal + draw(-0.03, 0.08).clamp(min=0) * noise).clamp(-1, 1)


def questions_loss(logits: dict[str, torch.Tensor], answers: dict[str, torch.Tensor]) -> torch.Tensor:
    """Sum of the questions' cross-entropies; an answer of -1 is not asked."""
    losses = [F.cross_entropy(logits[name].float(), answers[name], ignore_index=-1) for name in logits]
    return torch.stack([loss.nan_to_num(0.0) for loss in losses]).sum()


def save_judges(judges: Judges, path: Path, accuracy: dict[str, float]) -> None:
    """Write the weights in half precision with their labels, channels and held-out accuracy."""
    state = judges.state_dict()
    tensors = {name: tensor.detach().to("cpu", torch.float16).contiguous() for name, tensor in state.items()}
    metadata = {
        "labels": json.dumps(judges.labels),
        "channels": json.dumps(judges.channels),
        "held_out_accuracy": json.dumps(accuracy),
    }
    save_file(tensors, path, metadata=metadata)


@functools.lru_cache(maxsize=2)
def load_judges(path: Path = WEIGHTS) -> Judges:
    """The trained judges, float32, on the CPU; their labels are those they were trained with.

    Raises:
        FileNotFoundError: There is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(f"no judges at {path}: `make train` makes them")
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        labels = {name: tuple(answers) for name, answers in json.loads(metadata["labels"]).items()}
        judges = Judges(tuple(json.loads(metadata["channels"])), labels)
        names = list(file.keys())
        judges.load_state_dict({name: file.get_tensor(name).float() for name in names})
    return judges.eval()


def at_judged_size(images: Pictures) -> Pictures:
    """Pictures as the judges look at them: each block of pixels averaged, (N, S, S, 3) to (N, 128, 128, 3) uint8.

    Raises:
        ValueError: They are not uint8, not square, or S is no multiple of 128.
    """
    count, size = len(images), images.shape[1] if images.ndim == 4 else 0
    unit = size // SIZE_PX
    if images.shape != (count, unit * SIZE_PX, unit * SIZE_PX, 3) or unit == 0 or images.dtype != np.uint8:
        raise ValueError(
            f"expected (N, S, S, 3) uint8 pictures, S a multiple of 128, got {images.shape} {images.dtype}"
        )
    if unit == 1:
        return images
    blocks = images.reshape(count, SIZE_PX, unit, SIZE_PX, unit, 3)
    averaged: Pictures = (blocks.mean(axis=(2, 4), dtype=np.float32) + 0.5).astype(np.uint8)
    return averaged


@torch.no_grad()
def judge(images: Pictures, path: Path = WEIGHTS) -> dict[str, Signal]:
    """Probabilities of every answer to every question.

    Args:
        images: (N, S, S, 3) uint8 pictures, S a multiple of 128: they are looked at as `at_judged_size` makes them.
        path: The judges' weights.

    Returns:
        For each question of the judges, (N, answers) float32 rows that sum to 1, in the order of
        `load_judges(path).labels`.

    Raises:
        ValueError: The pictures are of another shape or type.
    """
    images = at_judged_size(images)
    judges = load_judges(path)
    parts: dict[str, list[Signal]] = {name: [] for name in judges.labels}
    for start in range(0, len(images), 64):
        signal = torch.from_numpy(images[start : start + 64].copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
        for name, logits in judges(signal).items():
            parts[name].append(logits.softmax(-1).numpy())
    return {
        name: np.concatenate(rows) if rows else np.zeros((0, len(judges.labels[name])), np.float32)
        for name, rows in parts.items()
    }
