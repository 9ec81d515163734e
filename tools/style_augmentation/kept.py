"""A stress run in a folder: `wsam.png`, `strip.png`, `maps.npz`, `findings.json`, `record.json`; and run again from it.

The record names the pictures that it began with, which lie beside it. It knows nothing about what was found.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ingest.files import open_regular
from tools.blend.record import LIBRARIES, RECORD_FORMAT, pixels_sha256
from tools.experiments.findings import Findings
from tools.style_augmentation.classifiers import SIZE_PX
from tools.style_augmentation.drawing import draw_maps, draw_strip
from tools.style_augmentation.findings import RECONSTRUCTION, findings_of
from tools.style_augmentation.sources import Subject, scene_of
from tools.style_augmentation.stress import Stressed, StressRequest, stress

KIND = "stress"
PICTURE, MAPS, STRIP, WSAM = "picture.png", "maps.npz", "strip.png", "wsam.png"
QUESTION = "Does a classifier keep its answer when the style changes, and where does it look?"
SAME = 1e-4
"""Of a probability: sums over other threads round otherwise."""


@dataclass(frozen=True)
class Replayed:
    """How far a run made again is from its record."""

    same: bool
    differing_pictures: int
    largest_difference: float  # of a probability; nan where the answers cannot be laid side by side
    changed: tuple[str, ...]

    def sentence(self) -> str:
        why = f" Not as it was: {'; '.join(self.changed)}." if self.changed else ""
        if self.same:
            return f"The restyled pictures are the same to the bit, and so are the answers.{why}"
        return (
            f"It differs: {self.differing_pictures} restyled pictures have other pixels, and a probability differs by "
            f"{self.largest_difference:.4f} at most.{why}"
        )


def save(stressed: Stressed, out: Path) -> tuple[dict[str, Any], dict[str, Path]]:
    """Write a run into a folder.

    Returns:
        What findings.json holds, with the record; and the files by name.
    """
    out.mkdir(parents=True, exist_ok=True)
    findings = findings_of(stressed)
    paths = {name: out / name for name in (WSAM, STRIP, MAPS, "findings.json", "record.json")}
    draw_maps(stressed).save(paths[WSAM])
    draw_strip(stressed).save(paths[STRIP])
    Image.fromarray(stressed.subject.picture).save(out / PICTURE)
    for number, picture in enumerate(stressed.style_pictures.values()):
        Image.fromarray(picture).save(out / style_file(number))
    np.savez_compressed(paths[MAPS], **arrays(stressed))
    told, record = to_json(stressed, findings), record_of(stressed)
    paths["findings.json"].write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    paths["record.json"].write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return {**told, "record": record}, paths


def style_file(number: int) -> str:
    return f"style-{number}.png"


def arrays(stressed: Stressed) -> dict[str, Any]:
    """What maps.npz holds: `pictures` (styles, alphas, S, S, 3), `mask`, and by classifier its evidence and maps.

    `<classifier>.parts` (logits) and `.weighted` (p H) are (1 + styles * alphas, 8, 8), the picture itself first;
    `.shift`, `.spread` and `.wsam` are (8, 8).
    """
    found: dict[str, Any] = {"pictures": stressed.pictures}
    if (mask := stressed.subject.mask) is not None:
        found["mask"] = mask.astype(np.float32)
    for name, one in stressed.answers.items():
        found[f"{name}.parts"] = one.parts.astype(np.float32)
        found[f"{name}.weighted"] = one.weighted.astype(np.float32)
        found[f"{name}.shift"], found[f"{name}.spread"] = one.maps.shift, one.maps.spread
        found[f"{name}.wsam"] = one.maps.total
    return found


def to_json(stressed: Stressed, findings: Findings) -> dict[str, Any]:
    """What findings.json holds."""
    mask = stressed.subject.mask
    return {
        "format": 1,
        "question": QUESTION,
        "asked": stressed.request.to_json(),
        "picture": {
            "name": stressed.subject.name,
            "scene": asdict(stressed.subject.scene) if stressed.subject.scene else None,
            "truth": stressed.subject.truth(stressed.request.question),
            "object_share": None if mask is None else round(float(mask.mean()), 4),
        },
        "verdict": findings.verdict,
        "facts": [fact.to_json() for fact in findings.facts],
        "figures": [figure.to_json() for figure in findings.figures],
        "classifiers": {name: _answers_json(stressed, name) for name in stressed.answers},
        "pictures": [{"label": "the answers", "file": STRIP}, {"label": "the maps", "file": WSAM}],
        "about": RECONSTRUCTION,
        "notes": list(stressed.notes),
        "seconds": round(stressed.seconds, 3),
    }


def _answers_json(stressed: Stressed, name: str) -> dict[str, Any]:
    one, mask = stressed.answers[name], stressed.subject.mask
    before, after = one.on_object(mask) if mask is not None else (None, None)
    return {
        "first": {"answer": one.answers[one.first], "probability": _short(one.probabilities[0, one.first])},
        "given": [[one.answers[answer] for answer in row] for row in one.given],
        "probability": [[_short(p) for p in row] for row in one.certain],
        "first_kept": [[_short(p) for p in row] for row in one.kept],
        "flipped": one.flips.tolist(),
        "evidence_on_object": None if before is None else _short(before),
        "restyled_evidence_on_object": after and [[None if s is None else _short(s) for s in row] for row in after],
        "shift": _short(one.maps.shift.mean()),
        "spread": _short(one.maps.spread.mean()),
        "wsam": _short(one.maps.total.mean()),
    }


def _short(value: float) -> float:
    return round(float(value), 6)


def record_of(stressed: Stressed) -> dict[str, Any]:
    """Everything needed to run it again."""
    request = stressed.request
    flat = stressed.pictures.reshape(-1, SIZE_PX, SIZE_PX, 3)
    scene = stressed.subject.scene
    return {
        "format": RECORD_FORMAT,
        "kind": KIND,
        "requests": [
            {"subject": stressed.subject.name, "style": style, "alpha": alpha}
            for style in request.styles
            for alpha in request.alphas
        ],
        "asked": request.to_json(),
        "picture": {"name": stressed.subject.name, "file": PICTURE, "scene": asdict(scene) if scene else None},
        "styles": {name: style_file(number) for number, name in enumerate(stressed.style_pictures)},
        "model": {"name": request.classifier, "kind": "classifier", "sha256": stressed.hashes[request.classifier]},
        "classifiers": dict(stressed.hashes),
        "probabilities": {name: one.probabilities.round(8).tolist() for name, one in stressed.answers.items()},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "threads": torch.get_num_threads(),
        "pixels_sha256": [pixels_sha256(Image.fromarray(picture)) for picture in flat],
    }


def replay(record: Mapping[str, Any], folder: Path) -> Replayed:
    """Run a record again and compare.

    Args:
        record: As `tools.blend.record.read_record` returns it.
        folder: Where its pictures lie.

    Raises:
        ValueError: It is damaged, or a picture is not there.
    """
    try:
        asked, shown = record["asked"], record["picture"]
        request = StressRequest(
            **{**asked, "styles": tuple(asked["styles"]), "alphas": tuple(float(a) for a in asked["alphas"])}
        )
        subject = Subject(_read(folder, shown["file"]), str(shown["name"]), scene_of(shown.get("scene")))
        styles = {name: _read(folder, record["styles"][name]) for name in request.styles}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the record cannot be run again: {type(error).__name__} {error}") from error
    now = stress(request, subject, styles)
    again = record_of(now)
    differing = sum(a != b for a, b in zip(record["pixels_sha256"], again["pixels_sha256"], strict=False))
    largest = _difference(record.get("probabilities"), again["probabilities"])
    changed = [
        f"the weights of {name}"
        for name, sha256 in now.hashes.items()
        if record.get("classifiers", {}).get(name) != sha256
    ]
    same = record["pixels_sha256"] == again["pixels_sha256"] and largest <= SAME
    return Replayed(same, differing, largest, tuple(changed))


def _difference(before: Any, now: Mapping[str, Any]) -> float:
    """The largest difference of a probability; nan where they cannot be laid side by side."""
    try:
        return max(float(np.abs(np.array(before[name]) - np.array(now[name])).max()) for name in now)
    except (KeyError, TypeError, ValueError):
        return float("nan")


def _read(folder: Path, name: Any) -> np.ndarray:
    path = folder / Path(str(name)).name
    try:
        with open_regular(path) as opened, Image.open(opened, formats=("PNG",)) as file:
            if file.size != (SIZE_PX, SIZE_PX):
                raise ValueError(f"{path} is not the record's picture: it is {file.width} x {file.height} px")
            return np.asarray(file.convert("RGB"))
    except (OSError, SyntaxError) as error:
        raise ValueError(f"{path} cannot be read; it belongs beside the record") from error
