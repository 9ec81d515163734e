"""Does search find the right document, and does it know when there is none? `python -m tests.evals.search [--fit]`

On the corpus: the project's own questions about it, and about anything else. On SciFact: claims over the abstracts
that decide them, each asked once with all abstracts indexed and once with its own left out. A claim that several
abstracts decide stands in several rows; "by row" counts a row as right only if its own abstract comes first, so at most
one row of such a claim can be; "by claim" counts a claim as right if any of its abstracts comes first, and leaves all
of them out.

`--fit` makes the weights in `tools/search.py` anew from the tuning questions and the SciFact claims, and says how a
rule fitted on one half of them does on the other.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ingest.documents import Document, read_documents
from ingest.index import Index
from ingest.vectors import Embedder, load_embedder
from tests.evals.results import Table, write_results
from tools.search import Searcher, SearchResult

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DATA = ROOT.parent / "shared" / "data"
"""Where the evaluation data lie, beside the checkout; what is not there is left out."""
FOLDS = 10
SMALL = (16, 64)
"""Sizes of the smaller corpora that the rule is fitted on as well, in documents."""

KINDS = {"seed": 8.0, "small": 1.0, "scifact": 2.0}
"""What a question weighs in the fit: the corpus's own 146 stand against 374 on the whole of SciFact."""

WRONG_REFUSAL = 2.0
"""A question that is refused although the corpus answers it costs as much as two that are answered from nothing."""


class CachingEmbedder:
    """The packaged embedder, which embeds each text once however often it is indexed."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.dimension = embedder.name, embedder.dimension
        self._embedder, self._rows = embedder, {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        self._rows.update(zip(new, self._embedder.encode(new), strict=True))
        return np.array([self._rows[text] for text in texts], np.float32).reshape(len(texts), self.dimension)


@lru_cache(maxsize=1)
def shared_embedder() -> CachingEmbedder:
    """The one of this process: SciFact's abstracts are embedded once, however many evals read them."""
    return CachingEmbedder(load_embedder())


@dataclass
class Asked:
    """One question on one corpus."""

    kind: str
    group: str  # the same question on several corpora never stands on both sides of a split
    present: bool  # the corpus holds what answers it
    gold: set[str]
    result: SearchResult
    seconds: float = 0.0

    @property
    def right(self) -> bool:
        return self.result.relevant and self.result.documents[0] in self.gold


@dataclass
class Claims:
    documents: list[Document] = field(default_factory=list)
    gold: dict[str, list[str]] = field(default_factory=dict)  # claim -> ids of its abstracts, one per row


def read_questions(name: str) -> list[dict[str, Any]]:
    path = HERE / f"questions_{name}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def read_feedback(path: Path) -> list[tuple[str, list[str]]]:
    """Read the questions whose answers people rated up, as they were searched for, with the documents cited."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    up = [line for line in lines if line["rating"] == "up" and line["documents"]]
    return [(line["answer"].get("searched_for") or line["answer"].get("search_query") or line["question"], line["documents"]) for line in up]


def read_claims(path: Path) -> Claims:
    claims, ids = Claims(), {}
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        for abstract in row["gold_ctx"]:
            key = (abstract["title"], abstract["text"])
            if key not in ids:
                ids[key] = f"abstract-{len(ids)}"
                text = f"{abstract['text'].strip()}\n\nModel: {abstract['title'].strip()}"
                claims.documents.append(Document(ids[key], "paper", abstract["title"].strip(), text, None, None))
            claims.gold.setdefault(row["input"], []).append(ids[key])
    return claims


def ask(searcher: Searcher, kind: str, question: str, gold: Iterable[str]) -> Asked:
    gold = set(gold)
    start = time.perf_counter()
    result = searcher.search(question)
    seconds = time.perf_counter() - start
    return Asked(kind, question, bool(gold & set(result.documents)), gold, result, seconds)


def ask_corpus(searcher: Searcher, held_out: str = "") -> tuple[list[Asked], list[Asked]]:
    """Ask the questions about anything else, and those about the corpus."""
    other = [ask(searcher, "seed", q["question"], ()) for q in read_questions(f"unrelated{held_out}")]
    own = [ask(searcher, "seed", q["question"], q["documents"]) for q in read_questions(f"corpus{held_out}")]
    return other, own


def ask_claims(home: Path, embedder: CachingEmbedder, claims: Claims) -> tuple[list[Asked], list[Asked]]:
    """Ask each claim with all abstracts indexed, then with its own left out (with those of a tenth of the claims)."""
    index = Index(home, embedder)
    index.sync(claims.documents, prune=True)
    searcher = Searcher(index)
    present = [ask(searcher, "scifact", claim, gold) for claim, gold in claims.gold.items()]
    absent: list[Asked] = []
    order = random.Random(0).sample(list(claims.gold), len(claims.gold))
    for fold in range(FOLDS):
        part = order[fold::FOLDS]
        left_out = {i for claim in part for i in claims.gold[claim]}
        index.sync([d for d in claims.documents if d.id not in left_out], prune=True)
        absent += [ask(searcher, "scifact", claim, ()) for claim in part]
    return present, absent


def ask_small(home: Path, embedder: CachingEmbedder, claims: Claims) -> list[Asked]:
    """Ask each claim on smaller corpora: one that holds an abstract of it, and one that does not."""
    index, asked = Index(home, embedder), []
    searcher = Searcher(index)
    for size in SMALL:
        documents = random.Random(size).sample(claims.documents, len(claims.documents))
        count = round(len(documents) / size)
        for n in range(count):
            part = {d.id for d in documents[n::count]}
            index.sync([d for d in claims.documents if d.id in part], prune=True)
            for claim, gold in claims.gold.items():
                if part & set(gold):
                    asked.append(ask(searcher, "small", claim, gold))
                elif math.fmod(len(claim), count) == n or count < 2:
                    asked.append(ask(searcher, "small", claim, ()))
    return asked


def fit(asked: Sequence[Asked]) -> tuple[dict[str, float], np.ndarray]:
    """Return the weights, and for each question the certainty by a rule fitted on the other half of them."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    names = list(asked[0].result.measures)
    x = np.array([[a.result.measures[name] for name in names] for a in asked], float)
    y = np.array([a.present for a in asked])
    weight = np.array([KINDS[a.kind] * (WRONG_REFUSAL if a.present else 1) for a in asked])

    def learn(rows: np.ndarray) -> Any:
        rule = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        return rule.fit(x[rows], y[rows], logisticregression__sample_weight=weight[rows])

    certainty = np.zeros(len(y))
    halves = GroupKFold(2, shuffle=True, random_state=0).split(x, y, [a.group for a in asked])
    for learned, judged in halves:
        certainty[judged] = learn(learned).decision_function(x[judged])
    rule = learn(np.arange(len(y)))
    scaler, logistic = rule[0], rule[1]
    weights = logistic.coef_[0] / scaler.scale_
    bias = float(logistic.intercept_[0] - weights @ scaler.mean_)
    return {"bias": bias, **dict(zip(names, map(float, weights), strict=True))}, certainty


def show_fit(asked: Sequence[Asked]) -> None:
    from sklearn.metrics import roc_auc_score

    weights, certainty = fit(asked)
    present = np.array([a.present for a in asked])
    rows = []
    for shift in np.arange(-2, 2.01, 0.25):
        cells = [f"{shift:+.2f}"]
        for kind in ("seed", "scifact"):
            here = np.array([a.kind == kind for a in asked])
            refused = (certainty[here & ~present] <= shift).mean()
            cells += [f"{refused:.3f}", f"{(certainty[here & present] <= shift).mean():.3f}"]
        rows.append(cells)
    columns = ("bar", "corpus: refused", "wrongly", "SciFact: refused", "wrongly")
    Table("Fitted on one half, judged on the other", columns).show(rows)
    for kind in ("seed", "small", "scifact"):
        here = np.array([a.kind == kind for a in asked])
        print(f"  AUROC {kind}: {roc_auc_score(present[here], certainty[here]):.3f}")
    print(json.dumps({name: round(value, 3) for name, value in weights.items()}, indent=4))


def share(values: Iterable[bool]) -> float:
    values = list(values)
    return round(sum(values) / len(values), 4) if values else math.nan


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.search", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of scifact_claims.jsonl")
    parser.add_argument(
        "--feedback", type=Path, help="what `python -m app --feedback` printed: ask those rated up, too"
    )
    parser.add_argument("--fit", action="store_true", help="make the weights of the rule anew")
    given = parser.parse_args(arguments)
    started = time.perf_counter()
    embedder = load_embedder()
    embedder.encode(["warm"])
    loaded = time.perf_counter() - started
    figures: dict[str, Any] = {"embedder": embedder.name, "embedder_load_s": round(loaded, 2)}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        started = time.perf_counter()
        index = Index(home / "corpus", embedder)
        index.sync(read_documents([ROOT / "corpus"]), prune=True)
        figures["index_corpus_s"] = round(time.perf_counter() - started, 2)
        searcher = Searcher(index)
        searcher.search("warm")
        rows, tuning = [], []
        for name, held_out in (("tuning", ""), ("held out", "_held_out")):
            other, own = ask_corpus(searcher, held_out)
            tuning += [] if held_out else [*other, *own]
            figures[f"corpus_{name.replace(' ', '_')}"] = kept = {
                "unrelated": len(other),
                "refused": sum(not a.result.relevant for a in other),
                "about_the_corpus": len(own),
                "right": sum(a.right for a in own),
                "wrongly_refused": [a.group for a in own if not a.result.relevant],
                "wrong_document": [a.group for a in own if a.result.relevant and not a.right],
                "wrongly_answered": [a.group for a in other if a.result.relevant],
            }
            rows.append((name, f"{kept['refused']} of {len(other)}", f"{kept['right']} of {len(own)}"))
        if given.feedback:
            rated = [ask(searcher, "seed", question, gold) for question, gold in read_feedback(given.feedback)]
            figures["rated_up"] = {"questions": len(rated), "right": sum(a.right for a in rated)}
            rows.append(("rated up by people", "-", f"{figures['rated_up']['right']} of {len(rated)}"))
        Table("The corpus of four", ("questions", "unrelated refused", "answered from the right one")).show(rows)
        seconds = sorted(a.seconds for a in tuning)
        figures["search_ms"] = {
            "median": round(1e3 * seconds[len(seconds) // 2], 1),
            "max": round(1e3 * seconds[-1], 1),
        }
        print(f"  {figures['search_ms']['median']} ms a question (median), the embedding included")
        path = given.data / "scifact_claims.jsonl"
        if not path.exists():
            print(f"  SciFact is left out: {path} is absent")
        else:
            claims, caching = read_claims(path), shared_embedder()
            present, absent = ask_claims(home / "scifact", caching, claims)
            if given.fit:
                show_fit([*tuning, *present, *absent, *ask_small(home / "small", caching, claims)])
                return 0
            figures["scifact"] = show_claims(claims, present, absent)
    write_results("search", figures, is_whole="scifact" in figures)
    return 0


def show_claims(claims: Claims, present: Sequence[Asked], absent: Sequence[Asked]) -> dict[str, Any]:
    counted = [(a, len(claims.gold[a.group])) for a in present]
    rows = sum(n for _, n in counted)
    kept = {
        "abstracts": len(claims.documents),
        "rows": rows,
        "claims": len(present),
        "first_by_row": round(sum(a.result.documents[0] in a.gold for a in present) / rows, 4),
        "first_by_row_at_most": round(len(present) / rows, 4),
        "first_by_claim": share(a.result.documents[0] in a.gold for a in present),
        "among_five_by_claim": share(bool(a.gold & set(a.result.documents[:5])) for a in present),
        "refused_when_left_out": share(not a.result.relevant for a in absent),
        "wrongly_refused": share(not a.result.relevant for a in present),
        "search_ms_median": round(1e3 * sorted(a.seconds for a in present)[len(present) // 2], 1),
    }
    wanted = {"first_by_row": ">= .88", "refused_when_left_out": ">= .85", "wrongly_refused": "<= .05"}
    Table(f"SciFact: {len(present)} claims over {len(claims.documents)} abstracts", ("figure", "is", "wanted")).show(
        [(name, str(value), wanted.get(name, "")) for name, value in kept.items()]
    )
    return kept


if __name__ == "__main__":
    sys.exit(main())
