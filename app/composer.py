"""From search results to a cited answer: choose the sentences that answer, order them, frame them.

Every claim is a sentence of the corpus, to the letter. Framing restates the question, names a document, or says what
the corpus lacks. The composer knows nothing of chat messages or tools.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from app.answers import Citation, CitedAnswer, Section, Sentence, Source, WorkflowStage
from app.intents import (
    Intent,
    Style,
    content_stems,
    focus_of,
    intent_of,
    named_documents,
    names_of,
    reweigh,
    short_name,
    styles_in,
    subject_in,
)
from app.measured import FIRST_TOLD, OFFERS, compared_runs, told_facts, topics_of
from app.rhetoric import Role, leans_on_context, role_of, role_strengths
from ingest.documents import Document
from ingest.passages import Passage, split_passages
from tools.search import SearchResult

DEFAULT_SUBJECT = "a red house in a meadow"
MAX_EXPLAINED_DOCUMENTS = 4
MAX_NARROW_SENTENCES = 3

_ABOUT_THE_MODEL = re.compile(r"\b(ai|models?|image|images|generat\w+|prompt|diffusion|render|blend\w*|mix\w*)\b", re.I)
_INPUT_CUE = re.compile(
    r"\btext-to-image\b|\btext prompts?\b|\binputs?\b|\bgiven (a|an|the)\b|\breference\b|\bartworks?\b", re.I
)
_OUTPUT_CUE = re.compile(
    r"\b(to produce|produces?|generated images?|resulting images?|outputs?|yields?|enabl\w+|predict\w*)\b", re.I
)
_METHOD_CUE = re.compile(r"\b(model|method|approach|framework|network|algorithm|process|layers?|training)\b", re.I)
_FACT = re.compile(
    r"^\W*(and |but |so )?(who|whom|whose|when|how (many|much|long|big|large|fast|often|old)|what year|in what year)\b",
    re.I,
)
_PREMISE = re.compile(r"\b(?:since|because|given that|considering that|as|if)\s+(.{8,160}?)(?:,|;|\?|$)", re.I)
_WANTS: tuple[tuple[re.Pattern[str], Role], ...] = (
    (
        re.compile(r"\b(problem|challenge|issue|difficult\w*|limit\w*|concern\w*|motivat\w*|drawback)\b", re.I),
        "problem",
    ),
    (
        re.compile(
            r"\b(results?|perform\w*|evaluat\w*|dataset|benchmark|accura\w*|better|outperform\w*|good|tested)\b", re.I
        ),
        "result",
    ),
    (re.compile(r"\b(project page|website|available|homepage|web ?site)\b", re.I), "resource"),
    (
        re.compile(r"\b(propos\w*|introduc\w*|contribut\w*|present\w*)\b|^\W*(and )?what (is|are|does|about)\b", re.I),
        "contribution",
    ),
    (re.compile(r"\b(how|which layers?|mechanism|steps?|process|way|swapp\w*|keep|kept|shared?)\b", re.I), "mechanism"),
)


@dataclass(frozen=True)
class Conversation:
    """Earlier turns, oldest first: answers, the arguments of proposed blends, the artifacts of finished renders."""

    answers: tuple[CitedAnswer, ...] = ()
    blends: tuple[dict[str, Any], ...] = ()
    renders: tuple[dict[str, Any], ...] = ()

    @property
    def styles(self) -> tuple[Style, ...]:
        """The styles spoken of last, with shares: as proposed (or edited in the card), else as asked about."""
        if self.blends and (styles := self.blends[-1].get("styles")):
            total = sum(s["weight"] for s in styles) or 1.0
            return tuple(Style(s["text"], s["weight"] / total) for s in styles)
        for answer in reversed(self.answers):
            if len(named := styles_in(answer.question)) > 1:
                return _shared(named)
        return ()


@dataclass(frozen=True)
class Candidate:
    """A passage with how well it answers, about 0..1."""

    passage: Passage
    document: Document
    score: float

    @property
    def claim(self) -> Sentence:
        return Sentence(self.passage.text, "claim", (_cite(self.passage),))


class Composer:
    """Composes the answer to one question of a conversation."""

    def __init__(self, question: str, conversation: Conversation, engine: str) -> None:
        self.question = question
        self.conversation = conversation
        self.engine = engine

    # Answers that need no search

    def without_search(self, intent: Intent) -> CitedAnswer | None:
        """Answer small talk, what a render measured, and requests for a render; None for everything else."""
        if intent == "greeting":
            if re.search(r"thank|cheers|great|cool|nice|ok|bye", self.question, re.I):
                return self._framed("You are welcome. Ask on whenever you like.")
            text = "Hello. Ask how image models blend styles, or anything else that the corpus covers."
            return self._framed(text, follow_ups=_STARTERS)
        if intent == "help":
            text = (
                "Undertone answers from its corpus of paper summaries and model cards, and every claim shows the "
                "passage it stands on. It can also propose a blend of styles, which you render with a click."
            )
            return self._framed(text, follow_ups=_STARTERS)
        if self.conversation.renders and (topics := topics_of(self.question)):
            facts = told_facts(self.conversation.renders[-1], topics, self.question)
            return CitedAnswer(self.question, "answered", self.engine, 0.0, (facts,)) if facts else None
        if intent == "render":
            return self._proposed(_shared(styles_in(self.question)) or self.conversation.styles)
        if intent == "reweigh":
            named = styles_in(self.question)
            known = self.conversation.styles
            if known or len(named) > 1:
                return self._proposed(reweigh(named, known) if known else _shared(named))
        return None

    def _proposed(self, styles: Sequence[Style]) -> CitedAnswer:
        if not styles:
            return self._framed(
                "Name the styles to blend, for example: blend photographic style and digital illustration.",
                follow_ups=("Blend photographic style and digital illustration",),
            )
        parts = " and ".join(f"{round((s.share or 0) * 100)} % “{s.text}”" for s in styles)
        method = self._method(weighted=True)
        answer = self._framed(f"Proposed: a blend of {parts}, method {method}. It renders when you click Render.")
        return replace(answer, proposals=(self._proposal(styles, method),))

    def _method(self, *, weighted: bool) -> str:
        """`prompt` for a question about words in one prompt; for shares the method in use, at first the gradual one."""
        if not weighted and re.search(r"\bprompt", self.question, re.I):
            return "prompt"
        used = self.conversation.blends[-1].get("method") if self.conversation.blends else None
        return used if weighted and used not in (None, "prompt") else "composable"

    def _proposal(self, styles: Sequence[Style], method: str) -> dict[str, Any]:
        last = self.conversation.blends[-1] if self.conversation.blends else {}
        subject = subject_in(self.question) or last.get("subject") or DEFAULT_SUBJECT
        kept = {key: last[key] for key in ("steps", "guidance", "seed") if key in last}
        weights = [{"text": s.text, "weight": round(s.share or 0.0, 4)} for s in styles]
        return {"tool": "blend_styles", "arguments": {"subject": subject, "styles": weights, "method": method, **kept}}

    def rendered(self, text: str, artifact: dict[str, Any] | None) -> CitedAnswer:
        """Say what came of a proposed render: what was measured, and what moved since the run before."""
        if artifact is None:
            return self._framed(text.rpartition("with reason: ")[2])  # a rejected call's message puts that before it
        sections = [Section("", (Sentence(text.splitlines()[0], "framing"),)), told_facts(artifact, FIRST_TOLD)]
        if len(self.conversation.renders) > 1:
            sections.append(compared_runs(*self.conversation.renders[-2:]))
        kept = tuple(section for section in sections if section)
        return CitedAnswer(self.question, "answered", self.engine, 0.0, kept, follow_ups=OFFERS)

    def failed(self, text: str) -> CitedAnswer:
        """Say in one sentence that the search did not run."""
        return self._framed(f"The corpus could not be searched: {text.strip() or 'no result came back'}")

    # Answers from the corpus

    def answer(self, result: SearchResult) -> CitedAnswer:
        """Compose the answer that the search result supports, or the refusal."""
        shelf = _Shelf(result, self._focus(result))
        intent = intent_of(self.question)
        if intent == "lacks":
            return self._close(shelf, self._lacks(shelf))
        if not result.relevant or self._asks_an_absent_fact(shelf):
            return self._refused(shelf)
        if intent == "links" and (found := self._links(shelf)):
            return self._close(shelf, found)
        if correction := self._corrected(shelf):
            return self._close(shelf, correction)
        if intent == "compare" and (compared := self._compared(shelf)):
            return self._close(shelf, compared)
        if self._is_broad(intent, shelf):
            return self._explained(shelf)
        return self._close(shelf, self._narrow(shelf))

    def _focus(self, result: SearchResult) -> str | None:
        """The document that a follow-up leans on."""
        if result.query == self.question:
            return None
        told = [a for a in self.conversation.answers if focus_of(a)]
        return focus_of(told[-1]) if told else None

    def _asks_an_absent_fact(self, shelf: _Shelf) -> bool:
        """Whether a who, when or how many is asked in words that no document named (or none at all) uses."""
        if not _FACT.match(self.question):
            return False
        asked = content_stems(self.question) - shelf.name_stems
        return not any(asked & shelf.stems(d) for d in shelf.named or shelf.documents)

    def _is_broad(self, intent: Intent, shelf: _Shelf) -> bool:
        """Whether all five sections are wanted: "how does it work" about a model, with no single aspect asked for."""
        if intent != "explain" or shelf.is_follow_up:
            return False
        if not _ABOUT_THE_MODEL.search(self.question) and not shelf.named:
            return False
        aspects = shelf.terms - {*content_stems("AI model image method approach work do")}
        return not shelf.named or len(aspects) <= 1 or len(self.question.split()) > 18

    def _refused(self, shelf: _Shelf) -> CitedAnswer:
        titles = [short_name(d.title) for d in shelf.documents]
        shown, more = titles[:6], len(shelf.result.documents) - 6
        covered = "; ".join(shown) + (f"; and {more} more" if more > 0 else "")
        text = "The corpus says nothing about this."
        text = (
            f"{text[:-1]}; what it covers: {covered}." if shown else f"{text[:-1]}: it is empty, run python -m ingest."
        )
        answer = self._framed(text, follow_ups=[offer for d in shelf.documents[:2] if (offer := _about(d, shelf))])
        return replace(answer, status="refused", search_query=shelf.result.query)

    def _narrow(self, shelf: _Shelf) -> list[Sentence]:
        """One to three sentences: the best, and others that add words of the question which it lacks."""
        if shelf.named and not any(shelf.sentences(d) for d in shelf.named):
            return [s for d in shelf.named for f in ("Model", "Paper", "GitHub") for s in shelf.field(d, f)]
        ranked = shelf.ranked(self._wanted_role())
        ranked = [c for c in ranked if not shelf.named or c.document in shelf.named] or ranked
        best = ranked[0]
        chosen, told = [best], shelf.terms & content_stems(best.passage.text)
        for candidate in ranked[1:12]:
            stems = content_stems(candidate.passage.text)
            adds = (stems & shelf.terms) - told
            worth = candidate.score >= (0.55 if adds else 0.92) * best.score
            if worth and len(chosen) < MAX_NARROW_SENTENCES and not _redundant(stems, chosen):
                chosen.append(candidate)
                told |= adds
        if leans_on_context(best.passage.text) and len(chosen) == 1 and (before := shelf.before(best)):
            chosen.append(before)
        return _told(_in_order(chosen))

    def _wanted_role(self) -> Role | None:
        return next((role for cue, role in _WANTS if cue.search(self.question)), None)

    def _links(self, shelf: _Shelf) -> list[Sentence]:
        """The field lines that were asked for, of the documents named; what is missing is said."""
        documents = shelf.named or shelf.documents[:1]
        wants_paper = re.search(r"\b(paper|pdf|arxiv|publication)\b", self.question, re.I)
        wants_code = re.search(
            r"\b(code|repo\w*|github|implementation|source|weights|checkpoint)\b", self.question, re.I
        )
        fields = ["Paper"] * bool(wants_paper or not wants_code) + ["GitHub"] * bool(wants_code or not wants_paper)
        return [sentence for d in documents for f in fields for sentence in shelf.field(d, f)]

    def _lacks(self, shelf: _Shelf) -> list[Sentence]:
        """The documents that have no paper, or no code."""
        wants_code = re.search(r"\b(code|repo\w*|github)\b", self.question, re.I)
        field, attribute = ("GitHub", "github_url") if wants_code else ("Paper", "paper_url")
        lacking = [d for d in shelf.documents if not getattr(d, attribute)]
        if not lacking:
            return [Sentence(f"Every document that was found has a {field} link.", "framing")]
        return [s for d in lacking for s in (*shelf.field(d, "Model"), *shelf.field(d, field))]

    def _corrected(self, shelf: _Shelf) -> list[Sentence]:
        """Where the question holds of one document what the corpus says of another, say so."""
        if len(shelf.named) != 1:
            return []
        blamed = shelf.named[0]
        clause = next((m[1] for m in _PREMISE.finditer(self.question) if named_documents(m[1], [blamed])), None)
        if not clause and not re.search(r"\b(why|how|when|where) (does|do|did|is|are)\b", self.question, re.I):
            return []
        terms = content_stems(clause or self.question) - shelf.name_stems
        if len(terms) < 2:
            return []
        own = content_stems(" ".join(p.text for p in shelf.passages(blamed)))
        if shelf.weight(terms & own) > 0.5 * shelf.weight(terms):
            return []
        others = [c for c in shelf.ranked(None, terms) if c.document.id != blamed.id]
        if not others or shelf.weight(content_stems(others[0].passage.text) & terms) < 0.6 * shelf.weight(terms):
            return []
        true = others[0]
        name = short_name(blamed.title)
        own_words = [c for c in shelf.ranked("mechanism") if c.document.id == blamed.id][:1]
        return [
            Sentence(
                f"The corpus does not say that of {name}; it says it of {short_name(true.document.title)}:", "framing"
            ),
            true.claim,
            *([Sentence(f"Of {name} it says:", "framing"), own_words[0].claim] if own_words else []),
        ]

    def _compared(self, shelf: _Shelf) -> list[Sentence]:
        """What each of two documents proposes and how, side by side."""
        pair = list(shelf.named[:2])
        told = [i for a in reversed(self.conversation.answers) for i in [focus_of(a)] if i]
        for document_id in (*told, *(d.id for d in shelf.documents if d.kind == "paper")):
            if len(pair) < 2 and document_id not in {d.id for d in pair}:
                pair += [d for d in shelf.documents if d.id == document_id]
        if len(pair) < 2:
            return []
        sentences: list[Sentence] = []
        for document in pair:
            mine = [c for c in shelf.ranked("mechanism") if c.document.id == document.id]
            telling = sorted(mine, key=lambda c: -_telling(c, ("contribution", "mechanism")))[:2]
            sentences.append(Sentence(f"{short_name(document.title)}:", "framing"))
            sentences += [c.claim for c in sorted(telling, key=lambda c: c.passage.start)]
        return sentences

    # The five sections

    def _explained(self, shelf: _Shelf) -> CitedAnswer:
        documents = shelf.supporting(with_model=bool(_ABOUT_THE_MODEL.search(self.question)))
        readable = [d for d in documents if shelf.sentences(d)]
        lead = readable[0]
        hood = self._under_the_hood(shelf, readable)
        workflow = self._workflow(shelf, documents, lead)
        sections = [Section("Task", self._task(shelf, lead))]
        if workflow:
            sections.append(Section("Workflow", _spelled_out(workflow)))
        sections += [
            Section("Under the hood", tuple(hood)),
            Section("Papers and tools", tuple(shelf.listing(d) for d in documents)),
            Section("What the corpus does not say", tuple(self._not_said(shelf, documents))),
        ]
        styles = styles_in(self.question)
        proposals = (self._proposal(_shared(styles), self._method(weighted=False)),) if len(styles) > 1 else ()
        return CitedAnswer(
            self.question,
            "answered",
            self.engine,
            0.0,
            tuple(section for section in sections if section.sentences),
            tuple(_source(d) for d in documents),
            workflow,
            proposals,
            self._follow_ups(shelf, documents, proposals),
            shelf.result.query,
        )

    def _task(self, shelf: _Shelf, lead: Document) -> tuple[Sentence, ...]:
        styles = styles_in(self.question)
        if len(styles) > 1:
            names = " and ".join(f"“{s.text}”" for s in styles)
            where = "in one prompt" if re.search(r"\bone prompt\b", self.question, re.I) else "together"
            framing = f"You name {names} {where} and ask how both are balanced. The task, in the corpus's words:"
        else:
            framing = "The task, in the corpus's words:"
        setting = [c for c in shelf.ranked(None) if c.document.id == lead.id]
        telling = [c for c in setting if role_of(c.passage.text) in ("background", "problem")] or setting
        chosen = sorted(telling[:2], key=lambda c: c.passage.start)
        return (Sentence(framing, "framing"), *(c.claim for c in chosen))

    def _under_the_hood(self, shelf: _Shelf, documents: Sequence[Document]) -> list[Sentence]:
        """How each document says it is done: three sentences of the first, two of each other."""
        sentences: list[Sentence] = []
        for n, document in enumerate(documents):
            mine = [c for c in shelf.ranked("mechanism") if c.document.id == document.id]
            telling = sorted(mine, key=lambda c: -_telling(c, ("mechanism",)))[: 3 if n == 0 else 2]
            apt = [c for c in telling if role_of(c.passage.text) not in ("background", "problem", None)]
            telling = apt or telling[:1]
            sentences.append(Sentence(f"From {short_name(document.title)}:", "framing"))
            sentences += [c.claim for c in sorted(telling, key=lambda c: c.passage.start)]
        return sentences

    def _workflow(
        self, shelf: _Shelf, documents: Sequence[Document], lead: Document
    ) -> tuple[WorkflowStage, ...] | None:
        """Input, model, output, as far as the lead document and the model card name them; None where they do not."""
        own = [c for c in shelf.ranked("mechanism") if c.document.id == lead.id]
        steps = sorted(own, key=lambda c: -_telling(c, ("mechanism",)))
        if not any(_METHOD_CUE.search(c.passage.text) for c in own):
            return None
        step = steps[0]
        inputs = [c for c in own if _INPUT_CUE.search(c.passage.text) and c.passage != step.passage]
        outputs = [c for c in own if _OUTPUT_CUE.search(c.passage.text) and c.passage != step.passage]
        outputs.sort(key=lambda c: -_telling(c, ("contribution", "mechanism")))
        inputs.sort(key=lambda c: c.passage.start)
        if not inputs or not outputs:
            return None
        styles = styles_in(self.question)
        named = " and ".join(f"“{s.text}”" for s in styles)
        output = next((c for c in outputs if c.passage != inputs[0].passage), outputs[0])
        card = next((d for d in documents if d.kind == "model_card"), None)
        model_lines = shelf.field(card, "Model") if card else []
        return (
            WorkflowStage(
                "input",
                f"One prompt that names {named}" if styles else inputs[0].passage.text,
                inputs[0].claim.citations,
            ),
            WorkflowStage(
                "model",
                " — ".join(
                    [*(c.quote.removeprefix("Model: ") for s in model_lines for c in s.citations), step.passage.text]
                ),
                (*(c for s in model_lines for c in s.citations), *step.claim.citations),
            ),
            WorkflowStage("output", output.passage.text, output.claim.citations),
        )

    def _not_said(self, shelf: _Shelf, documents: Sequence[Document]) -> Iterable[Sentence]:
        for document in documents:
            if not document.paper_url:
                yield from shelf.field(document, "Paper")
            if not document.github_url:
                yield from shelf.field(document, "GitHub")
        styles = styles_in(self.question)
        corpus = " ".join(p.text.lower() for d in shelf.documents for p in shelf.passages(d))
        if len(styles) > 1:
            names = " and ".join(f"“{s.text}”" for s in styles)
            card = next((d for d in documents if d.kind == "model_card"), None)
            model = f"{card.title}{_base_model(card)}" if card else "a model"
            if not all(s.text.lower() in corpus for s in styles):
                yield Sentence(
                    f"No passage says how {model} weighs two style phrases such as {names} inside one prompt.",
                    "framing",
                )
        if re.search(r"\bweights?\b", self.question, re.I) and not re.search(r"\bweights?\b", corpus):
            yield Sentence(
                "The corpus does not use the word “weights”. It can mean three things, which a render shows apart: the "
                "model's parameters, the attention weights, and the shares you give the styles.",
                "framing",
            )

    # Framing and closing

    def _close(self, shelf: _Shelf, sentences: Sequence[Sentence]) -> CitedAnswer:
        cited = list(dict.fromkeys(c.document_id for s in sentences for c in s.citations))
        cited = cited or [d.id for d in shelf.named]  # what is missing is missing from these
        if not cited and not sentences:
            return self._refused(shelf)
        order = {document_id: n for n, document_id in enumerate(cited)}
        documents = sorted((d for d in shelf.documents if d.id in order), key=lambda d: order[d.id])
        return CitedAnswer(
            self.question,
            "answered",
            self.engine,
            0.0,
            (Section("", tuple(sentences)),),
            tuple(_source(d) for d in documents),
            follow_ups=self._follow_ups(shelf, documents, ()),
            search_query=shelf.result.query,
        )

    def _follow_ups(self, shelf: _Shelf, documents: Sequence[Document], proposals: Sequence[Any]) -> tuple[str, ...]:
        asked = {a.question.lower() for a in self.conversation.answers} | {self.question.lower()}
        offers = ["Now 80 % " + proposals[0]["arguments"]["styles"][-1]["text"]] if proposals else []
        offers += [question for d in documents if d not in shelf.named and (question := _about(d, shelf))]
        offers += [
            f"Where is the code of {short_name(d.title)}?" for d in documents if d.github_url and d.kind == "paper"
        ]
        return tuple(dict.fromkeys(o for o in offers if o.lower() not in asked))[:3]

    def _framed(self, text: str, follow_ups: Sequence[str] = ()) -> CitedAnswer:
        section = Section("", (Sentence(text, "framing"),))
        return CitedAnswer(self.question, "answered", self.engine, 0.0, (section,), follow_ups=tuple(follow_ups))


class _Shelf:
    """The documents that a search found, opened: their passages, scored for the question."""

    def __init__(self, result: SearchResult, focus: str | None) -> None:
        self.result = result
        self.focus = focus
        self.is_follow_up = focus is not None
        self.documents: tuple[Document, ...] = result.found
        self._passages = {d.id: split_passages(d) for d in self.documents}
        self.named = named_documents(result.query, self.documents)
        self.name_stems = content_stems(" ".join(n for d in self.named for n in names_of(d)))
        self.terms = content_stems(result.query) - self.name_stems
        self._scores = {(e.passage.document_id, e.passage.start): e.score for e in result.evidence}
        if self.is_follow_up and [d.id for d in self.named] == [focus]:
            told = [d.id for d in self.documents if self.terms & self.stems(d)]
            if told and focus not in told:
                # Nothing that is asked occurs in the document of the turn before, but it does elsewhere.
                self.named, self.focus = (), None

    def stems(self, document: Document) -> frozenset[str]:
        return content_stems(" ".join(p.text for p in self.passages(document)))

    def passages(self, document: Document) -> tuple[Passage, ...]:
        return self._passages[document.id]

    def sentences(self, document: Document) -> list[Passage]:
        return [p for p in self.passages(document) if not p.is_field]

    @cached_property
    def _frequency(self) -> Counter[str]:
        return Counter(s for d in self.documents for p in self.passages(d) for s in content_stems(p.text))

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
        candidates = []
        for document in self.documents:
            for passage in self.sentences(document):
                found = self._scores.get((document.id, passage.start), 0.0) / top
                covered = self.weight(terms & content_stems(passage.text)) / whole
                score = 0.45 * found + 0.45 * covered
                strengths = role_strengths(passage.text)
                if wanted:
                    score += (0.06 if terms else 0.3) * min(strengths[wanted], 2)
                if wanted != "problem":
                    score -= 0.05 * min(strengths["problem"], 2)
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
            return [
                Sentence(
                    f"{short_name(document.title)} — {line.text}" if name != "Model" else line.text,
                    "claim",
                    (_cite(line),),
                )
            ]
        absent = {"Paper": "paper", "GitHub": "GitHub link"}.get(name, name.lower())
        text = f"The corpus gives no {absent} for {short_name(document.title)}."
        return [Sentence(text, "claim", (_cite(line),)) if line else Sentence(text, "framing")]

    def listing(self, document: Document) -> Sentence:
        """Name a document with exactly its links."""
        lines = [p for p in self.passages(document) if p.is_field]
        links = [p.text for p in lines if p.text.startswith(("Paper: ", "GitHub: "))]
        return Sentence(" — ".join([document.title, *links]), "claim", tuple(_cite(p) for p in lines))


_STARTERS = (
    "I mixed “photographic style” and “digital illustration” in one prompt and got an image that blended both "
    "perfectly. How does AI balance multiple styles at once—what’s happening with the weights under the hood?",
    "What is content leakage?",
    "Blend photographic style and watercolor",
)


def _cite(passage: Passage) -> Citation:
    return Citation(passage.document_id, passage.start, passage.end, passage.text)


def _source(document: Document) -> Source:
    return Source(document.id, document.kind, document.title, document.paper_url, document.github_url)


def _telling(candidate: Candidate, roles: Sequence[Role]) -> float:
    strengths = role_strengths(candidate.passage.text)
    worth = candidate.score + 0.2 * sum(min(strengths[r], 5) for r in roles) - 0.25 * min(strengths["result"], 2)
    return worth - (0.4 if role_of(candidate.passage.text) in ("background", "problem") else 0.0)


def _redundant(stems: frozenset[str], chosen: Sequence[Candidate]) -> bool:
    told = (content_stems(c.passage.text) for c in chosen)
    return any(len(stems & t) > 0.6 * min(len(stems), len(t)) for t in told)


def _in_order(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep the documents in order of their best sentence; within each, the document's own order."""
    rank = list(dict.fromkeys(c.document.id for c in candidates))
    return sorted(candidates, key=lambda c: (rank.index(c.document.id), c.passage.start))


def _told(candidates: Sequence[Candidate]) -> list[Sentence]:
    """The sentences as claims, each document introduced by its name."""
    sentences: list[Sentence] = []
    last = None
    for candidate in candidates:
        if candidate.document.id != last:
            sentences.append(Sentence(f"{short_name(candidate.document.title)}:", "framing"))
            last = candidate.document.id
        sentences.append(candidate.claim)
    return sentences


def _spelled_out(workflow: Sequence[WorkflowStage]) -> tuple[Sentence, ...]:
    """The stages as sentences: what the question gives as framing, what the corpus says as claims."""
    sentences: list[Sentence] = []
    for stage in workflow:
        quotes = [c.quote for c in stage.citations]
        restated = stage.text if not any(q.removeprefix("Model: ") in stage.text for q in quotes) else ""
        sentences.append(Sentence(f"{stage.stage.capitalize()}: {restated}".strip(), "framing"))
        sentences += [Sentence(c.quote, "claim", (c,)) for c in stage.citations]
    return tuple(sentences)


def _shared(styles: Sequence[Style]) -> tuple[Style, ...]:
    """Normalise shares to sum to 1; styles without one divide what is left evenly."""
    given = sum(s.share or 0.0 for s in styles)
    free = [s for s in styles if s.share is None]
    left = max(0.0, 1.0 - given) / len(free) if free else 0.0
    shares = [left if s.share is None else s.share for s in styles]
    total = sum(shares) or 1.0
    return tuple(Style(s.text, share / total) for s, share in zip(styles, shares, strict=True))


def _about(document: Document, shelf: _Shelf) -> str | None:
    """A question that the document answers, from the roles that its sentences play."""
    roles = {role_of(p.text) for p in shelf.sentences(document)}
    name = short_name(document.title)
    if "mechanism" in roles:
        return f"How does {name} work?"
    if "problem" in roles:
        return f"What problem does {name} address?"
    return None


def _base_model(card: Document) -> str:
    """The repository's name where it differs from the title: for many cards it names the base model."""
    repository = (card.github_url or "").rstrip("/").rsplit("/", 1)[-1]
    return f" ({repository})" if repository and repository.lower() not in card.title.lower() else ""
