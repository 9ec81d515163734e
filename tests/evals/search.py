"""Is the right document cited first, and is nothing cited where it is not there? `python -m tests.evals.search [--fit]`

On the corpus: the project's own questions about it, and about anything else. On SciFact's claims and PubMedQA's
questions, over the abstracts that decide them: each asked once with all abstracts indexed and once with its own left
out. A claim that several SciFact abstracts decide stands in several rows; "by row" counts a row as right only if its
own abstract comes first, so at most one row of such a claim can be; "by question" counts it as right if any of its
abstracts comes first, and leaves all of them out.

`--fit` makes the weights in `tools/reading/relevance.py` anew, and says how a rule does on a collection that it was not
fitted on.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from app.answering.answer import Query, answer
from ingest.documents import Document, read_documents
from ingest.index import Index
from ingest.vectors import Embedder, load_embedder
from tests.evals.results import Table, write_results
from tools.registry import PASSAGES_READ
from tools.search import Searcher, SearchResult

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DATA = ROOT.parent / "shared" / "data"
"""Where the evaluation data lie, beside the checkout; what is not there is left out."""
FOLDS = 10
SMALL = (4, 16, 64)
"""Sizes of the smaller corpora that the rule is fitted on as well, in documents."""

MAX_SMALL = 12
"""How many corpora of one size."""


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
    group: str  # the question
    present: bool  # the corpus holds what answers it
    gold: set[str]
    result: SearchResult
    seconds: float = 0.0
    status: str = ""  # of the answer
    cited: str | None = None  # the document that the answer opens with

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
    queries = [line["answer"].get("searched_for") or line["answer"].get("search_query") for line in up]
    return [(query or line["question"], line["documents"]) for query, line in zip(queries, up, strict=True)]


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


def read_pubmedqa(path: Path) -> Claims:
    """Read PubMedQA's questions, each with the abstract that answers it; its title is its first words."""
    claims = Claims()
    for row in map(json.loads, path.read_text("utf-8").splitlines()):
        title = " ".join(row["abstract"].split()[:12])
        claims.documents.append(Document(row["id"], "paper", title, row["abstract"], None, None))
        claims.gold[row["question"]] = [row["id"]]
    return claims


def ask(searcher: Searcher, kind: str, question: str, gold: Iterable[str]) -> Asked:
    """Search for a question, and compose the answer."""
    gold = set(gold)
    start = time.perf_counter()
    result = searcher.search(question, top_k=PASSAGES_READ)
    found = answer(Query(question), result, "reader")
    seconds = time.perf_counter() - start
    cited = next((s.citations[0].document_id for s in found.sentences if s.citations), None)
    present = bool(gold & set(result.documents))
    return Asked(kind, question, present, gold, result, seconds, found.status, cited)


def ask_corpus(searcher: Searcher, held_out: str = "") -> tuple[list[Asked], list[Asked]]:
    """Ask the questions about anything else, and those about the corpus."""
    near = [] if held_out else read_questions("near")
    unrelated = [*read_questions(f"unrelated{held_out}"), *(q for q in near if not q["documents"])]
    about = [*read_questions(f"corpus{held_out}"), *(q for q in near if q["documents"])]
    other = [ask(searcher, "seed", q["question"], ()) for q in unrelated]
    own = [ask(searcher, "seed", q["question"], q["documents"]) for q in about]
    return other, own


def ask_claims(home: Path, embedder: CachingEmbedder, kind: str, claims: Claims) -> tuple[list[Asked], list[Asked]]:
    """Ask each claim with all abstracts indexed, then with its own left out (with those of a tenth of the claims)."""
    index = Index(home, embedder)
    index.sync(claims.documents, prune=True)
    searcher = Searcher(index)
    present = [ask(searcher, kind, claim, gold) for claim, gold in claims.gold.items()]
    absent: list[Asked] = []
    order = random.Random(0).sample(list(claims.gold), len(claims.gold))
    for fold in range(FOLDS):
        part = order[fold::FOLDS]
        left_out = {i for claim in part for i in claims.gold[claim]}
        index.sync([d for d in claims.documents if d.id not in left_out], prune=True)
        absent += [ask(searcher, kind, claim, ()) for claim in part]
    return present, absent


def ask_small(home: Path, embedder: CachingEmbedder, kind: str, claims: Claims) -> list[Asked]:
    """Ask each claim on smaller corpora: one that holds an abstract of it, and one that does not."""
    index, asked = Index(home, embedder), []
    searcher = Searcher(index)
    for size in SMALL:
        documents = random.Random(size).sample(claims.documents, len(claims.documents))
        count = round(len(documents) / size)
        for n in range(min(count, MAX_SMALL)):
            part = {d.id for d in documents[n::count]}
            index.sync([d for d in claims.documents if d.id in part], prune=True)
            for claim, gold in claims.gold.items():
                if part & set(gold):
                    asked.append(ask(searcher, f"{kind}, {size}", claim, gold))
                elif len(claim) % count == n:
                    asked.append(ask(searcher, f"{kind}, {size}", claim, ()))
    return asked


def share(values: Iterable[bool]) -> float:
    values = list(values)
    return round(sum(values) / len(values), 4) if values else math.nan


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.search", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of scifact_claims.jsonl and pubmedqa_300.jsonl")
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
        asked = {"seed": tuning}
        for name, (file, read) in COLLECTIONS.items():
            path = given.data / file
            if not path.exists():
                print(f"  {name} is left out: {path} is absent")
                continue
            claims, caching = read(path), shared_embedder()
            present, absent = ask_claims(home / name, caching, name, claims)
            asked[name] = [*present, *absent]
            if given.fit:
                asked[name] += ask_small(home / f"{name}-small", caching, name, claims)
            figures[name] = show_claims(name, claims, present, absent)
        if given.fit:
            from tests.evals.relevance import show_fit

            show_fit(asked)
            return 0
    write_results("search", figures, is_whole="scifact" in figures)
    return 0


def show_claims(name: str, claims: Claims, present: Sequence[Asked], absent: Sequence[Asked]) -> dict[str, Any]:
    rows = sum(len(claims.gold[a.group]) for a in present)
    answered = [a for a in present if a.status == "answered"]
    kept = {
        "abstracts": len(claims.documents),
        "rows": rows,
        "questions": len(present),
        "first_by_row": round(sum(a.result.documents[0] in a.gold for a in present) / rows, 4),
        "first_by_row_at_most": round(len(present) / rows, 4),
        "first_by_question": share(a.result.documents[0] in a.gold for a in present),
        "among_five_by_question": share(bool(a.gold & set(a.result.documents[:5])) for a in present),
        "cited_first": share(a.cited in a.gold for a in present),
        "cited_first_of_the_answered": share(a.cited in a.gold for a in answered),
        "opens_with_a_lower_ranked": share(a.cited != a.result.documents[0] for a in answered),
        "refused_when_left_out": share(a.status == "refused" for a in absent),
        "refused_or_missing_when_left_out": share(a.status != "answered" for a in absent),
        "wrongly_refused": share(a.status == "refused" for a in present),
        "wrongly_refused_or_missing": share(a.status != "answered" for a in present),
        "answer_ms_median": round(1e3 * sorted(a.seconds for a in present)[len(present) // 2], 1),
    }
    wanted = {
        "cited_first": ">= .98",
        "opens_with_a_lower_ranked": "0",
        "refused_or_missing_when_left_out": ">= .90",
        "wrongly_refused_or_missing": "<= .02",
    }
    Table(f"{name}: {len(present)} questions over {len(claims.documents)} abstracts", ("figure", "is", "wanted")).show(
        [(figure, str(value), wanted.get(figure, "")) for figure, value in kept.items()]
    )
    return kept


COLLECTIONS: dict[str, tuple[str, Callable[[Path], Claims]]] = {
    "scifact": ("scifact_claims.jsonl", read_claims),
    "pubmedqa": ("pubmedqa_300.jsonl", read_pubmedqa),
}


if __name__ == "__main__":
    sys.exit(main())
