"""Documents as they really are: `python -m tests.evals.documents [--tuning] [--wrong]`

Thirty model cards and ten PDF papers, made up after real ones (`made_documents.py`), are indexed: are titles, ids and
what the front matter says right, and what are their passages? Then sixty questions: does the right passage stand first,
and does any heading, badge or navigation come back as an answer? `--tuning` asks in the other half of the phrasings, by
which the program was made.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.answers import CitedAnswer
from app.application import open_undertone
from app.settings import read_settings
from ingest.blocks import read_blocks
from ingest.documents import Document
from ingest.index import Index
from ingest.passages import split_passages
from ingest.readable import is_navigation, readable
from tests.evals.made_documents import Made, made_cards, made_papers
from tests.evals.results import Table, write_results
from tests.evals.search import shared_embedder

PHRASINGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # tuning, held out
    "use": (
        (
            "How do I use {name}?",
            "How do I get started with {name}?",
            "Show me the code to run {name}.",
            "I want to try {name}, what do I type?",
            "How can I load {name} in Python?",
            "Give me an example of calling {name}.",
            "Which lines of Python load {name}?",
            "How would I call {name} from a script?",
            "Can you show how {name} is used in code?",
        ),
        ("How is {name} run from Python?", "I need a working example for {name}.", "Steps to start {name}?"),
    ),
    "licence": (
        (
            "Which licence has {name}?",
            "Under which license is {name} released?",
            "What is the license of {name}?",
            "{name}: licence?",
            "How is {name} licensed?",
            "What licence does {name} come with?",
            "{name} license",
            "Is {name} under an open licence, and which?",
        ),
        (
            "What are the licence terms of {name}?",
            "Which license applies to {name}?",
            "Can you tell me {name}'s licence?",
        ),
    ),
    "limits": (
        (
            "What are the limitations of {name}?",
            "Which weaknesses does {name} have?",
            "What can {name} not do well?",
            "What goes wrong with {name}?",
            "Are there known problems with {name}?",
            "In what situations does {name} make mistakes?",
            "Where does {name} fall short?",
            "What should I watch out for with {name}?",
        ),
        ("Which faults does {name} show?", "When is {name} unreliable?", "What is {name} poor at?"),
    ),
    "data": (
        (
            "What was {name} trained on?",
            "Where does the training data of {name} come from?",
            "Which training data does {name} use?",
            "On what data did they train {name}?",
            "Which data went into {name}?",
            "What did {name} learn from?",
        ),
        ("Which examples was {name} fitted to?", "What is the training set of {name}?"),
    ),
    "table": (
        (
            "What is the {ask} for {name}?",
            "How high is {name}'s {ask}?",
            "Which {ask} does {name} reach?",
            "Tell me the {ask} of {name}.",
            "What {ask} did {name} get?",
            "{name}: {ask}?",
        ),
        ("Give me {name}'s {ask}.", "What value of {ask} has {name}?"),
    ),
    "languages": (
        (
            "Which languages does {name} support?",
            "What languages can I use {name} with?",
            "What language is {name} for?",
            "Which language does {name} speak?",
            "In which languages does {name} work?",
            "Is {name} made for one language or several, and which?",
        ),
        ("{name}: which languages?", "For which languages was {name} made?"),
    ),
    "size": (
        (
            "How many examples were collected for {name}?",
            "How many examples does {name} have?",
            "What number of examples did the authors of {name} gather?",
        ),
        ("How large is the collection behind {name}?",),
    ),
    "error": (
        ("What is the mean error of {name}?", "How large is the error of {name}?", "What error does {name} report?"),
        ("What mean error does {name} have?",),
    ),
}
ON_CARDS = ("use", "licence", "limits", "data", "table", "languages")
ON_PAPERS = ("limits", "size", "error")
CARD_QUESTIONS = 50


@dataclass(frozen=True)
class Question:
    kind: str
    text: str
    document_id: str
    right: tuple[str, ...]


def questions(cards: Sequence[Made], papers: Sequence[Made], *, tuning: bool) -> Iterator[Question]:
    """Yield the sixty questions: fifty about cards, ten about papers."""
    asked: Counter[str] = Counter()
    pairs = [
        (card, ON_CARDS[n % len(ON_CARDS)]) for n, card in enumerate([*cards, *cards[1:], *cards][:CARD_QUESTIONS])
    ]
    pairs += [(paper, ON_PAPERS[n % len(ON_PAPERS)]) for n, paper in enumerate(papers)]
    for made, kind in pairs:
        some = PHRASINGS[kind][0 if tuning else 1]
        name = made.ask.get("name") or made.title
        text = some[asked[kind] % len(some)].format(name=name, ask=made.ask.get(kind, ""))
        asked[kind] += 1
        yield Question(kind, text, made.id, made.right[kind])


def is_right_first(question: Question, answer: CitedAnswer) -> bool:
    """Whether the first passage that is cited is of the right document and holds what is right."""
    first = next((citation for sentence in answer.sentences for citation in sentence.citations), None)
    if answer.status != "answered" or first is None or first.document_id != question.document_id:
        return False
    said = " ".join(first.quote.split()).lower()
    return any(" ".join(right.split()).lower() in said for right in question.right)


def is_no_sentence(quote: str, document: Document) -> bool:
    """Whether a quote is a heading of its document, a badge or navigation."""
    headings = {block.header for block in read_blocks(document.text) if block.kind == "heading"}
    return readable(quote) in headings or is_navigation(quote) or bool(re.search(r"\]\(#|<h[1-6]|<img|!\[", quote))


def measure_documents(made: Sequence[Made], documents: dict[str, Document]) -> dict[str, Any]:
    """Return how many titles, ids and lines of metadata are right, and the passages by their kind."""
    found = [(one, documents.get(one.id)) for one in made]
    facts = [(fact, document) for one, document in found for fact in one.facts]
    kinds = Counter(p.kind for document in documents.values() for p in split_passages(document))
    return {
        "documents": len(documents),
        "ids": sum(document is not None for _, document in found),
        "titles": sum(document is not None and document.title == one.title for one, document in found),
        "fields": [
            sum(document is not None and fact in document.text.split("\n") for fact, document in facts),
            len(facts),
        ],
        "passages": dict(sorted(kinds.items())),
    }


def run(*, tuning: bool, wrong: bool) -> dict[str, Any]:
    """Make and index the documents, ask the questions, print the tables and return the figures."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, home = Path(temporary) / "documents", Path(temporary) / "home"
        folder.mkdir()
        cards, papers = made_cards(), made_papers(folder)
        for card in cards:
            path = folder / card.path
            path.parent.mkdir(parents=True)
            path.write_text(card.text, encoding="utf-8")
        report = Index(home, shared_embedder()).sync_paths([folder])
        undertone = open_undertone(read_settings({}, home=home), keep=False)
        documents = {document.id: document for document in undertone.index.documents()}
        figures = {**measure_documents([*cards, *papers], documents), "rejected": len(report.rejected)}
        judged: dict[str, list[bool]] = {}
        bad = 0
        for question in questions(cards, papers, tuning=tuning):
            answer = undertone.answer(question.text)
            judged.setdefault(question.kind, []).append(is_right_first(question, answer))
            bad += any(is_no_sentence(c.quote, documents[c.document_id]) for c in answer.citations)
            if wrong and not judged[question.kind][-1]:
                told = " / ".join(s.text.replace("\n", "⏎") for s in answer.sentences)[:300]
                print(f"  {question.kind}: {question.text} -> {answer.status}: {told}")
    every = [found for some in judged.values() for found in some]
    rows = [(kind, f"{sum(found)} of {len(found)}") for kind, found in judged.items()]
    rows += [("all", f"{sum(every)} of {len(every)}"), ("heading, badge or navigation told", f"{bad} of {len(every)}")]
    shown = [(name, str(value)) for name, value in figures.items()]
    Table(f"{len(cards)} cards and {len(papers)} PDF papers, indexed", ("what", "right")).show(shown)
    Table("Questions over them", ("asked for", "right passage first")).show(rows)
    asked = {kind: {"questions": len(found), "right_first": sum(found)} for kind, found in judged.items()}
    return {**figures, **asked, "no_sentence_told": bad}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.documents", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tuning", action="store_true", help="ask in the phrasings by which the program was made")
    parser.add_argument("--wrong", action="store_true", help="show what went wrong")
    given = parser.parse_args(arguments)
    figures = run(tuning=given.tuning, wrong=given.wrong)
    if not given.tuning:
        write_results("documents", figures)


if __name__ == "__main__":
    main()
