"""Do follow-ups find what they are about? `python -m tests.evals.conversations [--data FOLDER] [--wrong]`

The conversations of `conversations.jsonl`, over the corpus and over SciFact's abstracts, asked turn by turn through the
whole program. Of one half no answer was looked at while the reader was written, only the score. A turn is right if its
status is, if its first claim is of a right document, if all documents that it should cite are cited, if a false premise
is corrected and if the blend that it should propose is proposed; "and the words" also wants the telling words of the
right sentence.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.answers import CitedAnswer
from app.application import Undertone, open_undertone
from app.settings import read_settings
from ingest.documents import Document, read_documents
from ingest.index import Index
from tests.evals.results import Table, write_results
from tests.evals.search import DATA, read_claims, shared_embedder

CONVERSATIONS = Path(__file__).with_name("conversations.jsonl")
CORPUS = Path(__file__).resolve().parents[2] / "corpus"
HALVES = ("tuning", "held out")
CORRECTION = re.compile(r"\bthe corpus does not say (?:so|that of)\b", re.I)


@dataclass(frozen=True)
class Judged:
    """A turn with what came of it."""

    conversation: str
    half: str
    turn: dict[str, Any]
    answer: CitedAnswer
    is_right: bool
    says_it: bool  # right, and the telling words are there


def read_conversations(corpus: str) -> list[dict[str, Any]]:
    """Read the conversations over one corpus, "seed" or "scifact"."""
    found = [json.loads(line) for line in CONVERSATIONS.read_text("utf-8").splitlines()]
    return [conversation for conversation in found if conversation["corpus"] == corpus]


def hold(undertone: Undertone, conversation: dict[str, Any], documents: Sequence[Document]) -> list[Judged]:
    """Ask a conversation's turns one after the other."""
    judged = []
    for turn in conversation["turns"]:
        answer = undertone.answer(turn["question"], conversation["id"])
        wanted = [id_of(name, documents) for name in turn["documents"]]
        is_right = is_as_wanted(turn, wanted, answer)
        told = " ".join(s.text for s in answer.sentences).lower()
        says_it = is_right and (not turn.get("says") or any(words.lower() in told for words in turn["says"]))
        judged.append(Judged(conversation["id"], conversation["half"], turn, answer, is_right, says_it))
    return judged


def is_as_wanted(turn: dict[str, Any], wanted: Sequence[str], answer: CitedAnswer) -> bool:
    """Judge status, documents, correction and proposal.

    Args:
        wanted: Ids of the documents that the answer should cite; none where it should cite nothing.
    """
    cited = [citation.document_id for citation in answer.citations]
    if not cited:  # what a document lacks cannot be cited from it; the sources name it
        cited = [source.document_id for source in answer.sources]
    if answer.status != turn["status"]:
        return False
    if wanted and (not cited or cited[0] not in wanted or not set(wanted) <= set(cited)):
        return False
    if not wanted and cited:
        return False
    if turn.get("corrected", False) != any(CORRECTION.search(s.text) for s in answer.sentences if s.kind == "framing"):
        return False
    return proposed(answer) == turn.get("proposes") if "proposes" in turn else True


def proposed(answer: CitedAnswer) -> dict[str, float]:
    """The shares of the styles that an answer proposes."""
    styles = answer.proposals[0]["arguments"]["styles"] if answer.proposals else ()
    return {style["text"]: round(style["weight"], 2) for style in styles}


def id_of(name: str, documents: Iterable[Document]) -> str:
    """The id of the document that a conversation names by its id or by how its title begins."""
    found = [d.id for d in documents if d.id == name or d.title.startswith(name)]
    if len(found) != 1:
        raise ValueError(f"conversations.jsonl: {name!r} names {len(found)} documents; name one")
    return found[0]


def show(judged: Sequence[Judged]) -> dict[str, Any]:
    """Print the tables by kind and by half, and return the figures."""
    kinds = list(dict.fromkeys(j.turn["kind"] for j in judged))
    figures: dict[str, Any] = {"turns": len(judged), "conversations": len({j.conversation for j in judged})}
    rows = []
    for name, some in (
        *((kind, [j for j in judged if j.turn["kind"] == kind]) for kind in kinds),
        *((corpus, [j for j in judged if j.conversation.startswith(corpus)]) for corpus in ("seed", "scifact")),
        ("all", list(judged)),
    ):
        cells = [name]
        for half in HALVES:
            of = [j for j in some if j.half == half]
            right, said = sum(j.is_right for j in of), sum(j.says_it for j in of)
            figures.setdefault(name, {})[half] = {"turns": len(of), "right": right, "says it": said}
            cells += [f"{right} of {len(of)}", f"{said}"] if of else ["-", "-"]
        rows.append(cells)
    for half in HALVES:
        whole = figures["all"][half]
        rows[-1][1 + 2 * HALVES.index(half)] += f" ({whole['right'] / max(1, whole['turns']):.1%})"
    Table(
        f"Conversations: {len(judged)} turns in {figures['conversations']}; right status and documents (want 90 %)",
        ("kind", "tuning", "and the words", "held out", "and the words"),
    ).show(rows)
    return figures


def show_wrong(judged: Sequence[Judged], half: str) -> None:
    for j in judged:
        if j.half == half and not j.says_it:
            cited = list(dict.fromkeys(c.document_id for c in j.answer.citations))
            print(f"\n{j.conversation} {j.turn['kind']}: {j.turn['question']}")
            print(f"  searched for {j.answer.searched_for!r}; {j.answer.status} from {cited}; right: {j.is_right}")
            print("  " + " / ".join(s.text for s in j.answer.sentences)[:600])


def run(data: Path = DATA, *, wrong: str = "") -> dict[str, Any]:
    """Hold all conversations, print the tables and return the figures."""
    corpora = {"seed": list(read_documents([CORPUS]))}
    if (path := data / "scifact_claims.jsonl").exists():
        corpora["scifact"] = read_claims(path).documents
    else:
        print(f"conversations over SciFact are left out: {path} is absent")
    judged = []
    for name, documents in corpora.items():
        with tempfile.TemporaryDirectory() as home:
            Index(Path(home), shared_embedder()).sync(documents, prune=True)
            undertone = open_undertone(read_settings({}, home=Path(home)), keep=False)
            for conversation in read_conversations(name):
                judged += hold(undertone, conversation, documents)
    figures = show(judged)
    if wrong:
        show_wrong(judged, wrong)
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.evals.conversations", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of scifact_claims.jsonl")
    parser.add_argument("--wrong", action="store_true", help="show the turns of the tuning half that went wrong")
    given = parser.parse_args(arguments)
    figures = run(given.data, wrong="tuning" if given.wrong else "")
    write_results("conversations", figures, is_whole=(given.data / "scifact_claims.jsonl").exists())


if __name__ == "__main__":
    main()
