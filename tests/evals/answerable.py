"""Is what is not there called missing, and what is there answered? `python -m tests.evals.answerable [--fit] [--wrong]`

Questions near the corpus, over its four documents and over SciFact's abstracts: `answerable*.jsonl` can be answered from
them, `unanswerable*.jsonl` cannot, though what they name is there. Asked through the whole program. The held-out files
were written by others, and no row of theirs was looked at.

`--fit` makes the weights in `app/answering/missing.py` anew from the tuning files, and says how a rule fitted on one
corpus does on the other.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from app.answering.missing import measure
from app.answering.reading import Reading
from app.application import Undertone, open_undertone
from app.settings import read_settings
from ingest.documents import Document, read_documents
from ingest.index import Index
from tests.evals.results import Table, write_results
from tests.evals.search import DATA, read_claims, shared_embedder
from tools.search import Searcher

HERE = Path(__file__).parent
CORPUS = HERE.parents[1] / "corpus"
CORPORA = ("seed", "scifact")
WRONG_MISSING = 3.0
"""An answerable question that is called missing costs as much as so many that are answered from nothing."""


def read_rows(name: str) -> list[dict[str, Any]]:
    """Read the questions of a file, none where it is absent; each with its corpus, "seed" or "scifact"."""
    path = HERE / f"{name}.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    return [{**row, "corpus": "seed" if row.get("corpus", "seed") in ("seed", "four") else "scifact"} for row in rows]


@contextmanager
def opened(data: Path) -> Iterator[dict[str, Path]]:
    """Index the corpora, each in a home of its own; one whose data are absent is left out."""
    documents: dict[str, list[Document]] = {"seed": list(read_documents([CORPUS]))}
    if (path := data / "scifact_claims.jsonl").exists():
        documents["scifact"] = read_claims(path).documents
    else:
        print(f"questions over SciFact are left out: {path} is absent")
    with tempfile.TemporaryDirectory() as folder:
        for name, some in documents.items():
            Index(Path(folder) / name, shared_embedder()).sync(some, prune=True)
        yield {name: Path(folder) / name for name in documents}


def ask(undertones: dict[str, Undertone], rows: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], Any, float]]:
    """Ask each question in a conversation of its own; return it with its answer and the seconds it took."""
    asked = []
    for row in rows:
        if row["corpus"] in undertones:
            started = time.perf_counter()
            answer = undertones[row["corpus"]].answer(row["question"])
            asked.append((row, answer, time.perf_counter() - started))
    return asked


def show(undertones: dict[str, Undertone], *, wrong: bool) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    cells = []
    for half in ("", "_held_out"):
        for kind in ("unanswerable", "answerable"):
            asked = ask(undertones, read_rows(f"{kind}{half}"))
            for corpus in CORPORA:
                some = [(r, a, s) for r, a, s in asked if r["corpus"] == corpus]
                if not some:
                    continue
                counts = {s: sum(a.status == s for _, a, _ in some) for s in ("answered", "missing", "refused")}
                took = float(np.median([s for _, _, s in some]))
                figures[f"{kind}{half} {corpus}"] = {
                    "questions": len(some),
                    **counts,
                    "median_ms": round(1e3 * took, 1),
                }
                cells.append((f"{kind}{half}", corpus, str(len(some)), *map(str, counts.values()), f"{1e3 * took:.0f}"))
            if wrong and not half:
                for row, answer, _ in asked:
                    if (answer.status == "answered") != (kind == "answerable"):
                        print(f"  {row['corpus']} {row['question']}  -> {answer.status}: "
                              + " / ".join(s.text for s in answer.sentences)[:160])  # fmt: skip
    Table(
        "Missing is not found (want: unanswerable missing or refused >= .90, answerable missing or refused <= .03)",
        ("file", "corpus", "questions", "answered", "missing", "refused", "ms, median"),
    ).show(cells)
    return figures


def collect(homes: dict[str, Path]) -> list[dict[str, Any]]:
    """Measure the tuning questions: a row each with its measures, whether it can be answered, and its corpus."""
    rows = []
    searchers = {name: Searcher(Index(home, shared_embedder())) for name, home in homes.items()}
    for kind in ("unanswerable", "answerable"):
        for row in read_rows(kind):
            if row["corpus"] in searchers:
                result = searchers[row["corpus"]].search(row["question"], top_k=24)
                found = measure(Reading(result))
                if found:
                    rows.append(
                        {**row, "is_there": kind == "answerable", "measures": found, "relevant": result.relevant}
                    )
    return rows


def fit(rows: Sequence[dict[str, Any]]) -> None:
    """Print the weights, and how a rule fitted on one corpus does on the other."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    names = list(rows[0]["measures"])
    x = np.array([[row["measures"][name] for name in names] for row in rows], float)
    y = np.array([row["is_there"] for row in rows])
    weight = np.where(y, WRONG_MISSING, 1.0)
    corpora = np.array([row["corpus"] for row in rows])

    def learn(some: np.ndarray) -> Any:
        rule = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000))
        return rule.fit(x[some], y[some], logisticregression__sample_weight=weight[some])

    for name in dict.fromkeys(corpora):
        there = corpora == name
        for title, rule in (("unseen", learn(~there)), ("seen", learn(np.ones(len(y), bool)))):
            if title == "unseen" and there.all():
                continue
            certainty = rule.decision_function(x[there])
            called = certainty <= 0
            print(f"{name} {title}: AUROC {roc_auc_score(y[there], certainty):.3f}, unanswerable called missing "
                  f"{called[~y[there]].mean():.3f}, answerable {called[y[there]].mean():.3f}")  # fmt: skip
    rule = learn(np.ones(len(y), bool))
    scaler, logistic = rule[0], rule[1]
    weights = logistic.coef_[0] / scaler.scale_
    bias = float(logistic.intercept_[0] - weights @ scaler.mean_)
    print(
        json.dumps(
            {"bias": round(bias, 3), **{n: round(float(w), 3) for n, w in zip(names, weights, strict=True)}}, indent=4
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.evals.answerable", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of scifact_claims.jsonl")
    parser.add_argument("--fit", action="store_true", help="make the weights of the rule anew")
    parser.add_argument("--wrong", action="store_true", help="show the tuning questions that went wrong")
    given = parser.parse_args(arguments)
    with opened(given.data) as homes:
        if given.fit:
            fit(collect(homes))
            return
        undertones = {n: open_undertone(read_settings({}, home=home), keep=False) for n, home in homes.items()}
        write_results("answerable", show(undertones, wrong=given.wrong))


if __name__ == "__main__":
    main()
