"""The documents that a search found, opened: their passages, scored for the question.

Knows which passage bears on a question; knows nothing of how an answer is composed of them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.answering.rhetoric import Role, role_of, role_strengths
from app.answers import Citation, Sentence, Source
from app.understanding.followups import Asked
from app.understanding.intents import named_documents, names_of, short_name
from app.understanding.stems import content_stems, stem, words
from app.verification.alignment import are_same, rarity
from ingest.documents import Document
from ingest.passages import Passage
from tools.search import SearchResult

MAX_EXPLAINED_DOCUMENTS = 4
TELLING = 2.5
"""How rare in English a word must be to say what a question is about: "took" and "part" are not."""
_NUMBER = r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|thousand|half|twice|once|every|per)\b"
_ANSWERS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(asked, re.I), re.compile(answer))
    for asked, answer in (
        (
            r"\bhow (?:many|much|often|big|large|far|tall|old|fast)\b|\bwhat (?:size|share|percentage|number|dose)\b",
            _NUMBER,
        ),
        (
            r"\bhow long\b|\bwhen\b|\bwhat (?:year|time|age)\b",
            r"\b(?:[12]\d{3}|(?:second|minute|hour|day|week|month|year|step)s?|during|within|until|when|after|before)\b",
        ),
        (
            r"\bwhy\b|\bwhat (?:reason|cause)",
            r"\b(?:because|due to|owing to|reasons?|caused|since|to address|resulting)\b",
        ),
        (
            r"\bwhere\b|\b(?:what|which) (?:countr|cit|place|centre|center|hospital|region)",
            r"\b(?:in|from|at|across) (?:\d+ \w+ in )?(?:the )?[A-Z][a-z]*[A-Za-z]\b",
        ),
        (
            r"\bwho\b|\bwhom\b|\b(?:what|which) (?:people|patients|participants|animals|subjects)\b",
            r"\b(?:patients|participants|adults|children|women|men|people|subjects|volunteers|individuals|mice|rats|animals|aged)\b",
        ),
    )
)
"""What kind of thing a question asks for, and how a sentence looks that gives it."""


@dataclass(frozen=True)
class Candidate:
    """A passage with how well it answers, about 0..1."""

    passage: Passage
    document: Document
    score: float

    @property
    def claim(self) -> Sentence:
        return Sentence(self.passage.text, "claim", (cite(self.passage),))


class Shelf:
    """The documents of one search, opened for the question that was searched for."""

    def __init__(self, result: SearchResult, asked: Asked) -> None:
        self.result = result
        self.question = result.query
        self.focus = asked.focus
        self.is_follow_up = asked.focus is not None
        self.is_bound = asked.is_bound
        self.documents: tuple[Document, ...] = result.found
        self._passages: dict[str, list[Passage]] = {d.id: [] for d in self.documents}
        for passage in result.passages:
            self._passages[passage.document_id].append(passage)
        self.named = named_documents(result.query, self.documents)
        if asked.is_bound:
            self.named = tuple(d for d in self.documents if d.id == asked.focus) or self.named
        self.name_stems = content_stems(" ".join(n for d in self.named for n in names_of(d)))
        # What was typed says what is asked; the name that was put in only says of what.
        self.terms = content_stems(asked.said) or content_stems(result.query) - self.name_stems
        self._scores = {(e.passage.document_id, e.passage.start): e.score for e in (*result.evidence, *result.leading)}
        if self.is_follow_up and not self.is_bound and [d.id for d in self.named] == [self.focus]:
            told = [d.id for d in self.documents if self.held(self.terms, self.stems(d))]
            if told and self.focus not in told:
                # Nothing that is asked occurs in the document of the turn before, but it does elsewhere.
                self.named, self.focus = (), None

    def stems(self, document: Document) -> frozenset[str]:
        return content_stems(" ".join(p.text for p in self.passages(document)))

    def held(self, terms: Iterable[str], stems: Collection[str]) -> frozenset[str]:
        """Those of the terms that stand among the stems, in any of their forms or as a synonym."""
        return frozenset(t for t in terms if t in stems or any(s in stems for s in self._kin(t)))

    @property
    def unknown(self) -> frozenset[str]:
        """The question's words that neither the corpus nor its neighbours hold."""
        return self.terms & content_stems(" ".join(self.result.unknown_terms))

    def speaks_of_most(self, document: Document) -> bool:
        """Whether a document holds at least half of the question's telling words."""
        asked = {stem(w): rarity(w) - TELLING for w in words(self.question) if rarity(w) > TELLING}
        terms = {term: weight for term, weight in asked.items() if term in self.terms}
        held = self.held(terms, self.stems(document))
        return bool(terms) and sum(terms[t] for t in held) >= 0.5 * sum(terms.values())

    def passages(self, document: Document) -> list[Passage]:
        return self._passages[document.id]

    def sentences(self, document: Document) -> list[Passage]:
        return [p for p in self.passages(document) if not p.is_field]

    def weight(self, stems: Iterable[str]) -> float:
        """Add up how telling words are: rare ones in what was found tell more."""
        total = sum(len(p) for p in self._passages.values()) or 1
        return sum(math.log(1 + total / (1 + self._frequency[s])) for s in stems)

    def ranked(self, wanted: Role | None, terms: frozenset[str] | None = None) -> list[Candidate]:
        """Score every sentence: what the search found, the question's words, the wanted role, the documents named.

        Args:
            wanted: The role that a sentence should play, if the question says.
            terms: Stems to look for instead of the question's.
        """
        terms = self.terms if terms is None else terms
        whole = self.weight(terms) or 1.0
        top = max(self._scores.values(), default=0.0) or 1.0
        answers = [answer for question, answer in _ANSWERS if question.search(self.question)]
        candidates = []
        for document in self.documents:
            for passage in self.sentences(document):
                found = self._scores.get((document.id, passage.start), 0.0) / top
                covered = self.weight(self.held(terms, content_stems(passage.text))) / whole
                score = 0.45 * found + 0.45 * covered
                strengths = role_strengths(passage.text)
                if wanted:
                    score += (0.06 if terms else 0.3) * min(strengths[wanted], 2)
                if wanted != "problem":
                    score -= 0.05 * min(strengths["problem"], 2)
                if any(answer.search(passage.text) for answer in answers):
                    score += 0.12
                if self.named and document not in self.named:
                    score *= 0.5
                elif not self.named and self.focus and document.id != self.focus:
                    score *= 0.7
                candidates.append(Candidate(passage, document, score))
        return sorted(candidates, key=lambda c: -c.score)

    def before(self, candidate: Candidate) -> Candidate | None:
        """The sentence before, which one that begins with "This ..." leans on."""
        passages = self.sentences(candidate.document)
        place = passages.index(candidate.passage)
        return Candidate(passages[place - 1], candidate.document, 0.0) if place else None

    def supporting(self, *, with_model: bool) -> list[Document]:
        """The documents that bear on a broad question, best first; with the model card that names a model for it."""
        best: dict[str, float] = {}
        for candidate in self.ranked(None):
            best.setdefault(candidate.document.id, candidate.score)
        top = max(best.values(), default=0.0)
        papers = sorted((d for d in self.documents if best.get(d.id, 0) >= 0.4 * top), key=lambda d: -best[d.id])
        chosen = papers[: MAX_EXPLAINED_DOCUMENTS - 1] if with_model else papers[:MAX_EXPLAINED_DOCUMENTS]
        if with_model:
            chosen += [d for d in self.documents if d.kind == "model_card" and d not in chosen][:1]
        return chosen

    def field(self, document: Document, name: str) -> list[Sentence]:
        """A document's `Model`, `Paper` or `GitHub` line as a claim; where it has none, the sentence that says so."""
        line = next((p for p in self.passages(document) if p.is_field and p.text.startswith(f"{name}: ")), None)
        if line and not line.text.endswith(": None"):
            text = line.text if name == "Model" else f"{short_name(document.title)} — {line.text}"
            return [Sentence(text, "claim", (cite(line),))]
        absent = {"Paper": "paper", "GitHub": "GitHub link"}.get(name, name.lower())
        text = f"The corpus gives no {absent} for {short_name(document.title)}."
        return [Sentence(text, "claim", (cite(line),)) if line else Sentence(text, "framing")]

    def listing(self, document: Document) -> Sentence:
        """Name a document with exactly its links."""
        lines = [p for p in self.passages(document) if p.is_field]
        links = [p.text for p in lines if p.text.startswith(("Paper: ", "GitHub: "))]
        return Sentence(" — ".join([document.title, *links]), "claim", tuple(cite(p) for p in lines))

    @cached_property
    def _frequency(self) -> Counter[str]:
        return Counter(s for d in self.documents for p in self.passages(d) for s in content_stems(p.text))

    def _kin(self, term: str) -> tuple[str, ...]:
        if term not in self._kindred:
            self._kindred[term] = tuple(s for s in self._frequency if s != term and are_same(term, s))
        return self._kindred[term]

    @cached_property
    def _kindred(self) -> dict[str, tuple[str, ...]]:
        return {}


def cite(passage: Passage) -> Citation:
    return Citation(passage.document_id, passage.start, passage.end, passage.text)


def source_of(document: Document) -> Source:
    return Source(document.id, document.kind, document.title, document.paper_url, document.github_url)


def telling(candidate: Candidate, roles: Sequence[Role]) -> float:
    """How much a passage tells in one of the roles; less where it only sets the scene or reports."""
    strengths = role_strengths(candidate.passage.text)
    worth = candidate.score + 0.2 * sum(min(strengths[r], 5) for r in roles) - 0.25 * min(strengths["result"], 2)
    return worth - (0.4 if role_of(candidate.passage.text) in ("background", "problem") else 0.0)
