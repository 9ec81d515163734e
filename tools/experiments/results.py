"""What came of an experiment that was run: its pictures, what they say, and on what that rests."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from tools.experiments.base import Render
from tools.experiments.findings import Findings


@dataclass(frozen=True)
class ExperimentResult:
    """An experiment that was run: its pictures, what they say, and what makes them again."""

    name: str
    question: str
    arguments: dict[str, Any]  # as JSON, with what was left unsaid filled in
    renders: dict[str, Render]  # by label, in the order of the plan
    measured: dict[str, Any]  # as the experiment's `schema` describes it
    findings: Findings
    basis: dict[str, Any]  # on what it rests: seeds, pictures, model, steps
    record: dict[str, Any]
    figure: Image.Image
    unknown_words: tuple[str, ...]
    notes: tuple[str, ...]  # what may not be as a person meant it, one sentence each
    seconds: float

    def basis_sentence(self) -> str:
        """Say on what the findings rest."""
        return basis_sentence(self.basis)

    def to_json(self) -> dict[str, Any]:
        """What findings.json holds."""
        return {
            "format": 1,
            "experiment": self.name,
            "question": self.question,
            "arguments": self.arguments,
            "verdict": self.findings.verdict,
            "facts": [fact.to_json() for fact in self.findings.facts],
            "figures": [figure.to_json() for figure in self.findings.figures],
            "measured": self.measured,
            "basis": {**self.basis, "sentence": self.basis_sentence()},
            "pictures": [
                {
                    "label": label,
                    "file": file,
                    "styles": list(one.measured["styles"]),
                    "shares": list(one.measured["shares"]),
                }
                for file, (label, one) in zip(self.files(), self.renders.items(), strict=True)
            ],
            "unknown_words": list(self.unknown_words),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }

    def files(self) -> list[str]:
        """The pictures' file names."""
        return [f"{number:02d}-{_slug(label)}.png" for number, label in enumerate(self.renders)]


def basis_sentence(basis: Mapping[str, Any]) -> str:
    """Say on what an experiment rests: pictures, seeds, model, steps."""
    seeds, steps = basis["seeds"], " and ".join(str(n) for n in basis["steps"])
    of_seeds = f"seed {seeds[0]} alone" if len(seeds) == 1 else f"{len(seeds)} seeds"
    return f"Rests on {basis['pictures']} pictures of {of_seeds}, by the image model {basis['model']} at {steps} steps."


def unknown_sentence(words: Sequence[str]) -> str:
    """Say which words the model never saw; nothing where it knows all."""
    return f"The model does not know: {', '.join(words)}." if words else ""


def _slug(label: str) -> str:
    """A label as part of a file name."""
    return re.sub(r"[^a-z0-9.]+", "-", label.lower()).strip("-.")[:48] or "picture"
