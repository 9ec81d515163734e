"""Does it work on another corpus? `python -m tests.evals.other_corpus [--data FOLDER] [--wrong]`

SciFact's 182 abstracts stand in the place of the four documents, and are asked what people ask of any collection: what
something is, how two differ, where a paper or code is, which of these it is, and what is not there.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.answers import CitedAnswer
from app.application import open_undertone
from app.settings import read_settings
from ingest.index import Index
from tests.evals.conversations import id_of
from tests.evals.results import Table, write_results
from tests.evals.search import DATA, read_claims, shared_embedder

QUESTIONS = Path(__file__).with_name("other_corpus.jsonl")


def is_sensible(kind: str, wanted: Sequence[str], answer: CitedAnswer) -> bool:
    """Judge an answer.

    Args:
        wanted: Ids of the documents that it is about.
    """
    told = list(dict.fromkeys([*(c.document_id for c in answer.citations), *(s.document_id for s in answer.sources)]))
    if kind == "unanswerable":
        return answer.status != "answered" and (not answer.sources or told[:1] == list(wanted[:1]))
    if kind == "comparison":
        return answer.status == "answered" and set(wanted) <= set(told[:2])
    return answer.status == "answered" and (not wanted or told[:1] == list(wanted))


def run(data: Path, *, wrong: bool) -> dict[str, Any]:
    """Ask all questions, print the table and return the figures."""
    path = data / "scifact_claims.jsonl"
    if not path.exists():
        print(f"the other corpus is left out: {path} is absent")
        return {}
    documents = read_claims(path).documents
    judged: dict[str, list[bool]] = {}
    with tempfile.TemporaryDirectory() as home:
        Index(Path(home), shared_embedder()).sync(documents, prune=True)
        undertone = open_undertone(read_settings({}, home=Path(home)), keep=False)
        for row in map(json.loads, QUESTIONS.read_text("utf-8").splitlines()):
            answer = undertone.answer(row["question"])
            wanted = [id_of(name, documents) for name in row["documents"]]
            judged.setdefault(row["kind"], []).append(is_sensible(row["kind"], wanted, answer))
            if wrong and not judged[row["kind"]][-1]:
                told = " / ".join(s.text for s in answer.sentences)[:200]
                print(f"  {row['kind']}: {row['question']} -> {answer.status}: {told}")
    rows = [(kind, f"{sum(found)} of {len(found)}") for kind, found in judged.items()]
    every = [found for some in judged.values() for found in some]
    rows.append(("all", f"{sum(every)} of {len(every)}"))
    Table(f"{len(documents)} SciFact abstracts in place of the four documents", ("asked for", "sensible")).show(rows)
    return {kind: {"questions": len(found), "sensible": sum(found)} for kind, found in judged.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.evals.other_corpus", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of scifact_claims.jsonl")
    parser.add_argument("--wrong", action="store_true", help="show what went wrong")
    given = parser.parse_args(arguments)
    if figures := run(given.data, wrong=given.wrong):
        write_results("other_corpus", figures)


if __name__ == "__main__":
    main()
