"""Who is asked: the studio's judges by one of their questions, or one of four small classifiers of objects.

The four have one architecture and one set of scenes, drawn in photographic style alone; they differ in how their
training pictures were changed. Each is a trunk that ends in an 8 x 8 map and a linear head on its mean and maximum. It
knows nothing about training.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from tools.studio.judges import LABELS, load_judges, pooled, trunk
from tools.studio.judges import WEIGHTS as JUDGES_WEIGHTS
from tools.studio.vocabulary import BASIC
from tools.style_augmentation import WEIGHTS

JUDGES = "judges"
TRAININGS: dict[str, str] = {
    "none": "photographic scenes as they are",
    "traditional": "photographic scenes, mirrored, shifted, recoloured, blurred and noised",
    "style": "photographic scenes, restyled",
    "both": "photographic scenes, restyled and changed as by the traditional one",
}
"""The four small classifiers and what each was trained on."""
CLASSIFIERS: dict[str, str] = {JUDGES: "drawn scenes in every style", **TRAININGS}
QUESTIONS = tuple(LABELS)
OBJECT = "object"
SIZE_PX = 128
BATCH = 32


class ObjectClassifier(nn.Module):
    """One trunk and one head: (N, 3, 128, 128) in -1..1 to logits (N, answers)."""

    def __init__(self, channels: tuple[int, ...], answers: tuple[str, ...] = BASIC.objects) -> None:
        super().__init__()
        self.channels, self.answers = channels, answers
        self.trunk = trunk(channels)
        self.head = nn.Linear(2 * channels[-1], len(answers))

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(pooled(self.trunk(signal)))
        return logits


@dataclass(frozen=True)
class Classifier:
    """A classifier that is asked one question.

    Args:
        name: One of CLASSIFIERS.
        question: One of QUESTIONS.
        answers: Those that it knows.
        trunk: (N, 3, 128, 128) in -1..1 to (N, C, 8, 8).
        head: (N, 2 C), mean and maximum, to logits.
        sha256: Of its weights' file.
    """

    name: str
    question: str
    answers: tuple[str, ...]
    trunk: nn.Module
    head: nn.Linear
    sha256: str

    @torch.no_grad()
    def look(self, pictures: npt.NDArray[np.uint8]) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (N, answers) and last maps (N, C, 8, 8) of (N, 128, 128, 3) uint8 pictures."""
        maps = torch.cat([self.trunk(signal_of(part)) for part in np.array_split(pictures, -(-len(pictures) // BATCH))])
        return self.head(pooled(maps)), maps


def signal_of(pictures: npt.NDArray[np.uint8]) -> torch.Tensor:
    """(N, S, S, 3) uint8 to (N, 3, S, S) float32 in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def classifiers_of(question: str) -> tuple[str, ...]:
    """The names of those that can be asked a question.

    Raises:
        ValueError: Nobody can.
    """
    check_question(question)
    return tuple(CLASSIFIERS) if question == OBJECT else (JUDGES,)


def check_question(question: str) -> None:
    if question not in QUESTIONS:
        raise ValueError(f"the question {question!r} is unknown; there are: {', '.join(QUESTIONS)}")


def load_classifier(name: str, question: str = OBJECT) -> Classifier:
    """A classifier, ready to be asked, float32, on the CPU.

    Raises:
        ValueError: There is none of this name, or it cannot be asked this.
        FileNotFoundError: Its weights are not there.
    """
    if name not in CLASSIFIERS:
        raise ValueError(f"the classifier {name!r} is unknown; there are: {', '.join(CLASSIFIERS)}")
    if name not in classifiers_of(question):
        raise ValueError(f"the classifier {name!r} knows objects alone, no {question}; ask {JUDGES!r}")
    if name == JUDGES:
        judges = load_judges()
        looking, head = (judges.texture if question == "style" else judges.content), judges.heads[question]
        assert isinstance(head, nn.Linear)
        return Classifier(name, question, judges.labels[question], looking, head, _sha256(JUDGES_WEIGHTS))
    path = WEIGHTS / f"{name}.safetensors"
    model = read_classifier(path)
    return Classifier(name, OBJECT, model.answers, model.trunk, model.head, _sha256(path))


def classifier_of(name: str, model: ObjectClassifier) -> Classifier:
    """A classifier that was just trained, as one that can be asked."""
    return Classifier(name, OBJECT, model.answers, model.trunk, model.head, "")


def save_classifier(model: ObjectClassifier, path: Path, about: Mapping[str, object]) -> None:
    """Write the weights in half precision with the answers, the channels and what is to be known about the training."""
    tensors = {
        name: tensor.detach().to("cpu", torch.float16).contiguous() for name, tensor in model.state_dict().items()
    }
    metadata = {"answers": json.dumps(model.answers), "channels": json.dumps(model.channels)}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={**metadata, "about": json.dumps(about)})


@functools.lru_cache(maxsize=8)
def read_classifier(path: Path) -> ObjectClassifier:
    """Read one of the four.

    Raises:
        FileNotFoundError: There is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(f"no classifier at {path}: `make train-classifiers` makes them")
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        model = ObjectClassifier(tuple(json.loads(metadata["channels"])), tuple(json.loads(metadata["answers"])))
        names = list(file.keys())
        model.load_state_dict({name: file.get_tensor(name).float() for name in names})
    return model.eval()


@functools.lru_cache(maxsize=8)
def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
