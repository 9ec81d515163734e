"""Is what is not there called missing, and what is there answered? `python -m tests.evals.answerable [--fit] [--wrong]`

Questions near the corpus, over its four documents and over SciFact's abstracts: `answerable*.jsonl` can be answered
from them, `unanswerable*.jsonl` cannot, though what they name is there. Asked through the whole program. The held-out
files were written by others, and no row of theirs was looked at.

`--fit` makes the weights in `app/answering/missing.py` anew from the tuning files and from PubMedQA's questions, and
says how a rule does on a corpus that it was not fitted on.
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
from tests.evals.relevance import weights_of
from tests.evals.results import Table, write_results
from tests.evals.search import DATA, ask_claims, read_claims, read_pubmedqa, shared_embedder
from tools.registry import PASSAGES_READ
from tools.search import Searcher

HERE = Path(__file__).parent
CORPUS = HERE.parents[1] / "corpus"
CORPORA = ("seed", "scifact")
WRONG_MISSING = 2.0
"""An answerable question that is called missing costs as much as two that are answered from nothing."""

PUBMEDQA_WEIGHT = 0.2
"""What one of PubMedQA's 300 questions weighs beside a tuning question."""

MARGIN = 0.85
"""How much more certainty it takes to call something missing: with it, 1 in 40 answerable tuning questions is."""


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


def collect(homes: dict[str, Path], data: Path) -> list[dict[str, Any]]:
    """Measure the questions: a row each with its measures, whether it can be answered, and its corpus."""
    rows = []
    searchers = {name: Searcher(Index(home, shared_embedder())) for name, home in homes.items()}
    for kind in ("unanswerable", "answerable"):
        for row in read_rows(kind):
            if row["corpus"] in searchers:
                result = searchers[row["corpus"]].search(row["question"], top_k=PASSAGES_READ)
                rows.append({"corpus": row["corpus"], "is_there": kind == "answerable", "result": result})
    if (path := data / "pubmedqa_300.jsonl").exists():
        with tempfile.TemporaryDirectory() as home:
            present, absent = ask_claims(Path(home), shared_embedder(), "pubmedqa", read_pubmedqa(path))
        rows += [{"corpus": "pubmedqa", "is_there": True, "result": a.result} for a in present]
        rows += [{"corpus": "pubmedqa", "is_there": False, "result": a.result} for a in absent if a.result.relevant]
    measured = [{**row, "measures": measure(Reading(row["result"]))} for row in rows]
    return [row for row in measured if row["measures"]]


def fit(rows: Sequence[dict[str, Any]]) -> None:
    """Print how a rule does on each corpus that it was fitted without, and the weights of one fitted on all."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    names = list(rows[0]["measures"])
    x = np.array([[row["measures"][name] for name in names] for row in rows], float)
    y = np.array([row["is_there"] for row in rows])
    corpora = np.array([row["corpus"] for row in rows])
    weight = np.where(y, WRONG_MISSING, 1.0) * np.where(corpora == "pubmedqa", PUBMEDQA_WEIGHT, 1.0)

    def learn(some: np.ndarray) -> Any:
        rule = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=3000))
        return rule.fit(x[some], y[some], logisticregression__sample_weight=weight[some])

    cells = []
    for name in dict.fromkeys(corpora):
        there = corpora == name
        if there.all():
            continue
        certainty = learn(~there).decision_function(x[there]) + MARGIN
        missing = certainty <= 0
        figures = (roc_auc_score(y[there], certainty), missing[~y[there]].mean(), missing[y[there]].mean())
        cells.append((name, *(f"{figure:.3f}" for figure in figures)))
    columns = ("corpus", "AUROC", "unanswerable called missing", "answerable called missing")
    Table("By a rule fitted without the corpus", columns).show(cells)
    weights = weights_of(learn(np.ones(len(y), bool)), names)
    print(json.dumps({**weights, "bias": round(weights["bias"] + MARGIN, 3)}, indent=4))


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
            fit(collect(homes, given.data))
            return
        undertones = {n: open_undertone(read_settings({}, home=home), keep=False) for n, home in homes.items()}
        write_results("answerable", show(undertones, wrong=given.wrong))


if __name__ == "__main__":
    main()
