"""One answer at work: what a language model makes of the passages, looked at sentence by sentence.

A sentence stands when each passage that it names exists and holds the words that are quoted from it, and when those
passages support it. One that does not is asked for once more, then gives way to the passage that it misread, or goes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from app.answers import IN_SHORT, UNDER_THE_HOOD, Checked, Citation, CitedAnswer, Section, Sentence, Source
from app.generation.client import ModelClient, ModelClientFailed
from app.generation.parsing import Draft, addresses, clean, find_quote, read_drafts
from app.generation.prompt import brief, brief_again, choose_passages
from app.verification.claims import EntailmentModel, check, is_verbatim
from app.verification.subjects import dangling, in_its_own_voice
from ingest.names import names_of
from ingest.passages import Passage
from tools.search import SearchResult

MAX_SENTENCES = 12
MAX_REPLY_SHOWN_CHARS = 8_000
"""Of a reply, when it is shown to the model again."""

Tell = Callable[[str], None]


class GenerationFailed(RuntimeError):
    """The language model wrote nothing that can be shown; `checked` says what became of what it wrote."""

    def __init__(self, reason: str, checked: Checked | None = None) -> None:
        super().__init__(reason)
        self.checked = checked or Checked()


@dataclass(frozen=True)
class Looked:
    """A draft that was looked at: the sentence if it stands, else why it does not, and the passages it meant."""

    sentence: Sentence | None
    reason: str = ""
    meant: tuple[Passage, ...] = ()


class VerifiedWriter:
    """One answer at work: what the reader would say, the passages, and what the model makes of them."""

    def __init__(self, read: CitedAnswer, result: SearchResult, nli: EntailmentModel | None = None) -> None:
        self.read = read
        self.documents = {d.id: d for d in (*result.found, *(e.document for e in result.evidence))}
        short = tuple(s for s in read.sections if s.heading == IN_SHORT)
        cited = [c for part in (*short, *self._written_parts()) for s in part.sentences for c in s.citations]
        known = [p for p in result.passages if p.document_id in {c.document_id for c in cited}]
        told = [p for c in cited for p in known if p.document_id == c.document_id and p.start <= c.start < p.end]
        self.has_room = bool(told) and not any(p.is_field for p in told) and self._only_quotes()
        self.passages = {p.id: p for p in choose_passages(told, [e.passage for e in result.evidence])}
        self.links = addresses("\n".join(d.text for d in self.documents.values()))
        self.links_removed = 0
        self._nli = nli

    def write(self, earlier: Sequence[CitedAnswer], client: ModelClient, limit_s: float, tell: Tell) -> CitedAnswer:
        """Return the reader's answer with the model's checked sentences in it.

        Args:
            earlier: The conversation's answers, oldest first.
            client: Takes the model's replies.
            limit_s: Seconds for all of them together.
            tell: Hears what is being done.

        Raises:
            GenerationFailed: The model did not answer, or not one of its sentences stands.
        """
        until_s = time.monotonic() + limit_s
        tell("Writing")
        asked = brief(self.read.question, earlier, tuple(self.passages.values()), self.documents)
        try:
            reply = client.take(asked, limit_s)
        except ModelClientFailed as failure:
            raise GenerationFailed(f"the language model {failure}") from None
        drafts = read_drafts(reply)
        if not drafts:
            raise GenerationFailed("the language model wrote nothing that could be read")
        tell(f"Checking {_count(drafts)}")
        looked = {n: self.look_at(draft) for n, draft in enumerate(drafts[:MAX_SENTENCES], 1)}
        failed = {n: (drafts[n - 1].text, seen.reason) for n, seen in looked.items() if not seen.sentence}
        mended: dict[int, tuple[Sentence, ...]] = {}
        if failed:
            tell(f"Asking again about {_count(failed)}")
            again = brief_again(asked, reply[:MAX_REPLY_SHOWN_CHARS], failed)
            with suppress(ModelClientFailed):  # what stands already stands without it
                mended = self._mended(read_drafts(client.take(again, until_s - time.monotonic())), failed)
        sentences, checked = self._settled(looked, mended, len(drafts))
        return self._put_in(sentences, checked)

    def look_at(self, draft: Draft) -> Looked:
        """Check one sentence: its links, its keys, its quotes, its claim."""
        text, removed = clean(draft.text, self.links)
        self.links_removed += removed
        meant: list[Passage] = []
        quotes: list[Citation] = []
        reasons = [] if draft.quotes else ["it names no quote"]
        for key, quoted in draft.quotes:
            passage = self.passages.get(key)
            if passage is None:
                reasons.append(f"there is no passage {key[:20]!r}")
                continue
            meant.append(passage)
            if (span := find_quote(quoted, passage.text)) is None:
                reasons.append(f"passage {key} does not hold these words: {quoted[:80]!r}")
            else:
                quotes.append(_cite(passage, *span))
        passages = tuple(dict.fromkeys(meant))
        if not text:
            reasons.append("it is no sentence, or too long for one")
        if reasons:
            return Looked(None, "; ".join(reasons), passages)
        if objection := self._objection(text, passages, [p.text for p in passages]):
            return Looked(None, objection, passages)
        # Where the copied words alone do not carry the sentence, the whole passages are what it stands on.
        enough = not self._objection(text, passages, [quote.quote for quote in quotes])
        citations = quotes if enough else [_cite(p) for p in passages]
        return Looked(Sentence(text, "claim", tuple(dict.fromkeys(citations))), "", passages)

    def _objection(self, text: str, passages: Sequence[Passage], words: Sequence[str]) -> str:
        """Why the words of the passages do not support the sentence, empty where they do."""
        if is_verbatim(text, words):
            return ""
        if begins := dangling(text, words):
            return f"it begins with “{begins}”: name what it speaks of"
        documents = [self.documents[i] for i in dict.fromkeys(p.document_id for p in passages)]
        names = names_of(documents[0]) if len(documents) == 1 else ()
        said = [text, *in_its_own_voice(text, names, words)]
        if any(check(words_said, words, nli=self._nli).label == "supported" for words_said in said):
            return ""
        titles = [document.title for document in documents]  # they may lend names, and no more
        verdict = check(text, [*words, *titles], nli=self._nli)
        if verdict.label != "supported":
            return "; ".join(verdict.reasons[:3]) or "its passages do not say this"
        return "its quotes do not say this" if check(text, titles, nli=self._nli).label == "supported" else ""

    def _mended(self, drafts: Sequence[Draft], failed: dict[int, Any]) -> dict[int, tuple[Sentence, ...]]:
        """The sentences that stand now, by the number of the one they mend; of two for one, both must."""
        if all(draft.n is None for draft in drafts) and len(drafts) == len(failed):
            drafts = [replace(draft, n=n) for draft, n in zip(drafts, failed, strict=True)]
        looked: dict[int, list[Sentence | None]] = {}
        for draft in drafts[: 2 * MAX_SENTENCES]:
            if draft.n in failed and draft.n is not None:
                looked.setdefault(draft.n, []).append(self.look_at(draft).sentence)
        return {n: tuple(s for s in made if s) for n, made in looked.items() if all(made)}

    def _settled(
        self, looked: dict[int, Looked], mended: dict[int, tuple[Sentence, ...]], written: int
    ) -> tuple[tuple[Sentence, ...], Checked]:
        """Keep what stands, once; put the misread passage in the place of the rest, once, or nothing.

        Raises:
            GenerationFailed: Nothing stands.
        """
        stands = {n: mended.get(n) or ((seen.sentence,) if seen.sentence else ()) for n, seen in looked.items()}
        told = {(c.document_id, c.start, c.end) for made in stands.values() for s in made for c in s.citations}
        checked = Checked(written, links_removed=self.links_removed)
        if not told:
            raise GenerationFailed(
                "nothing that the language model wrote stood up to the corpus", replace(checked, dropped=written)
            )
        kept: dict[str, Sentence] = {}
        counts: dict[str, Any] = {"mended": 0, "replaced": 0, "dropped": written - len(looked)}
        for n, seen in looked.items():
            made = {s.text: s for s in stands[n] if s.text not in kept}
            misread = next((p for p in seen.meant if not _overlaps(p, told)), None)
            if stands[n]:
                fate = "dropped" if not made else "mended" if n in mended else None
            elif misread is not None:
                made, fate = {misread.text: Sentence(misread.text, "claim", (_cite(misread),))}, "replaced"
                told.add((misread.document_id, misread.start, misread.end))
            else:
                fate = "dropped"
            if fate:
                counts[fate] += 1
            kept |= made
        return tuple(kept.values()), replace(checked, **counts)

    def _put_in(self, sentences: tuple[Sentence, ...], checked: Checked) -> CitedAnswer:
        """Put the sentences in the place of the reader's, and list the documents that are cited now."""
        mine = self._written_parts()
        sections = tuple(Section(s.heading, sentences) if s in mine else s for s in self.read.sections)
        cited = [c.document_id for section in sections for s in section.sentences for c in s.citations]
        listed = [s.document_id for s in self.read.sources] if any(s.heading for s in sections) else []
        sources = []
        for document_id in dict.fromkeys([*listed, *cited]):
            d = self.documents[document_id]
            sources.append(Source(d.id, d.kind, d.title, d.paper_url, d.github_url))
        return replace(self.read, sections=sections, sources=tuple(sources), checked=checked)

    def _written_parts(self) -> tuple[Section, ...]:
        """The sections that are the model's to write: a short answer's only one, or the one under the hood."""
        if self.read.status != "answered":
            return ()
        short = len(self.read.sections) == 1 and not self.read.sections[0].heading
        return tuple(s for s in self.read.sections if short or s.heading == UNDER_THE_HOOD)

    def _only_quotes(self) -> bool:
        """Whether the reader's parts hold claims alone; what it corrects, or says to be missing, stays its own.

        Under a heading, what frames the claims only points to where others stand.
        """
        return all(s.kind == "claim" or part.heading for part in self._written_parts() for s in part.sentences)


def _overlaps(passage: Passage, told: set[tuple[str, int, int]]) -> bool:
    return any(d == passage.document_id and start < passage.end and passage.start < end for d, start, end in told)


def _cite(passage: Passage, start: int = 0, end: int | None = None) -> Citation:
    quote = passage.text[start:end]
    begin = passage.start + start
    return Citation(passage.document_id, begin, begin + len(quote), quote, passage.page)


def _count(sentences: Any) -> str:
    return f"{len(sentences)} sentence{'' if len(sentences) == 1 else 's'}"
