"""Make the heads: `python -m tools.reading.training --data FOLDER [--check]`, a minute on two cores.

The role head learns from abstracts whose authors or annotators said what each sentence does: CSAbstruct (computer
science, `csabstruct_*.jsonl`) and the labelled sections of PubMedQA (medicine, `pubmedqa_pqal.json`). The others
learn from `questions.jsonl`, `stages.jsonl` and `aspects.jsonl`, which lie here. `--check` says how well each does on
what it has not seen, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Document
from ingest.passages import split_passages
from ingest.vectors import Embedder, load_embedder
from tools.reading.aspects import ASPECTS
from tools.reading.aspects import WEIGHTS as ASPECT_WEIGHTS
from tools.reading.heads import ROLES, STAGES, WANTS, WEIGHTS, counted, places

HERE = Path(__file__).parent
ROLE_STRENGTH, SMALL_STRENGTH = 3.0, 30.0
"""Inverse strengths of the L2 penalty, chosen by cross-validation."""

MAX_ABSTRACTS = 350
"""Of each collection: some 6,000 sentences together, a minute on two quiet cores."""

SECTIONS = {
    "background": ("BACKGROUND", "INTRODUCTION", "CONTEXT"),
    "objective": ("OBJECTIVE", "PURPOSE", "AIM"),
    "method": ("METHOD", "DESIGN", "SETTING", "PATIENTS", "PARTICIPANTS", "MATERIAL", "INTERVENTION", "MEASURE"),
    "result": ("RESULT", "FINDING", "CONCLUSION", "MAIN RESULT"),
}
"""How the labels of medical abstracts begin."""

Abstract = list[tuple[str, str]]  # (sentence, role)


def read_abstracts(data: Path) -> dict[str, list[Abstract]]:
    """Read the labelled abstracts by the name of their collection; a collection that is absent is left out."""
    found: dict[str, list[Abstract]] = {}
    for path in sorted(data.glob("csabstruct_*.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        found.setdefault("csabstruct", []).extend(list(zip(r["sentences"], r["labels"], strict=True)) for r in rows)
    if (path := data / "pubmedqa_pqal.json").exists():
        records = json.loads(path.read_text("utf-8")).values()
        found["pubmedqa"] = [abstract for r in records if (abstract := _labelled(r))]
    return {name: abstracts[:MAX_ABSTRACTS] for name, abstracts in found.items()}


def _labelled(record: dict[str, Any]) -> Abstract:
    """Return one PubMedQA abstract as sentences with roles; empty where a section's label says nothing."""
    sections = [*zip(record["LABELS"], record["CONTEXTS"], strict=True), ("CONCLUSION", record["LONG_ANSWER"])]
    abstract: Abstract = []
    for label, text in sections:
        role = next((role for role, begins in SECTIONS.items() if label.startswith(begins)), None)
        if role is None:
            return []
        abstract += [(p.text, role) for p in split_passages(Document("a", "paper", "", text, None, None))]
    return abstract


def role_features(embedder: Embedder, abstracts: Sequence[Abstract]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the features and the roles of all sentences."""
    vectors = embedder.encode([sentence for abstract in abstracts for sentence, _ in abstract])
    words = counted([sentence for abstract in abstracts for sentence, _ in abstract])
    where = np.vstack([places(len(abstract)) for abstract in abstracts])
    roles = [ROLES.index(role) for abstract in abstracts for _, role in abstract]
    return np.hstack([vectors, where, words]), np.array(roles)


def read_examples(embedder: Embedder, name: str, field: str, label: str, names: Sequence[str]) -> tuple[Any, Any]:
    """Return the vectors and the labels of one of the example files."""
    rows = [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text("utf-8").splitlines()]
    texts = [row[field] for row in rows]
    return np.hstack([embedder.encode(texts), counted(texts)]), np.array([names.index(row[label]) for row in rows])


def read_aspects(embedder: Embedder) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the vectors and the aspects of the questions and headings of `aspects.jsonl`."""
    rows = [json.loads(line) for line in (HERE / "aspects.jsonl").read_text("utf-8").splitlines()]
    vectors = embedder.encode([row["text"] for row in rows])
    return vectors, np.array([ASPECTS.index(row["aspect"]) for row in rows])


def fit(features: NDArray[np.float32], labels: NDArray[np.int64], strength: float) -> Any:
    """Fit one linear head."""
    from scipy.sparse import csr_matrix

    return _estimator(strength).fit(csr_matrix(features), labels)


def tensors_of(heads: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    """Return the heads' weights and biases by name, (labels, features) and (labels,), laid out row by row."""
    tensors = {f"{n}.weight": np.ascontiguousarray(head.coef_, np.float32) for n, head in heads.items()}
    return tensors | {f"{n}.bias": np.ascontiguousarray(head.intercept_, np.float32) for n, head in heads.items()}


def check(collections: dict[str, Any], examples: dict[str, Any]) -> None:
    """Print the accuracy of each head on what it has not seen: the other collection, or a tenth of the examples."""
    from sklearn.model_selection import cross_val_score

    for name, (x, y) in collections.items():
        others = [data for other, data in collections.items() if other != name]
        if others:
            head = fit(np.vstack([o[0] for o in others]), np.concatenate([o[1] for o in others]), ROLE_STRENGTH)
            print(f"role, on {name} unseen: accuracy {head.score(x, y):.3f} of {len(y)} sentences")
        print(f"role, within {name}: accuracy {cross_val_score(_estimator(ROLE_STRENGTH), x, y, cv=3).mean():.3f}")
    for name, (x, y) in examples.items():
        scores = cross_val_score(_estimator(SMALL_STRENGTH), x, y, cv=10)
        print(f"{name}, ten folds: accuracy {scores.mean():.3f} of {len(y)} examples")


def _estimator(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=2000)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.reading.training", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "--data", type=Path, help="folder of csabstruct_*.jsonl and pubmedqa_pqal.json; without it the role head stays"
    )
    parser.add_argument("--check", action="store_true", help="say how well the heads do on what they have not seen")
    given = parser.parse_args(arguments)
    abstracts = read_abstracts(given.data) if given.data else {}
    if not abstracts and not (given.data is None and WEIGHTS.exists()):
        print(f"{given.data}: neither csabstruct_*.jsonl nor pubmedqa_pqal.json is here", file=sys.stderr)
        return 2
    embedder = load_embedder()
    collections = {name: role_features(embedder, found) for name, found in abstracts.items()}
    examples = {
        "want": read_examples(embedder, "questions", "question", "wants", WANTS),
        "stage": read_examples(embedder, "stages", "sentence", "stage", STAGES),
    }
    aspects = read_aspects(embedder)
    if given.check:
        check(collections, {**examples, "aspect": aspects})
        return 0
    heads = {name: fit(*data, SMALL_STRENGTH) for name, data in examples.items()}
    if collections:
        x, y = (np.concatenate(parts) for parts in zip(*collections.values(), strict=True))
        heads["role"] = fit(x, y, ROLE_STRENGTH)
    from safetensors.numpy import load_file, save_file

    save_file(tensors_of({"aspect": fit(*aspects, SMALL_STRENGTH)}), ASPECT_WEIGHTS)
    tensors = load_file(WEIGHTS) if WEIGHTS.exists() else {}
    tensors |= tensors_of(heads)
    save_file(tensors, WEIGHTS)
    print(f"written to {WEIGHTS.name}: {sum(t.nbytes for t in tensors.values()) / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
