"""An answer's sentences as paragraphs with citation marks: pointed at, a mark shows its passage; clicked, it opens it.

It knows nothing of how sentences were chosen; their order is kept. What stands together in one document stands in one
paragraph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.answering.explanation import SILENT
from app.answering.shown import button_of
from app.answers import Citation, CitedAnswer, Sentence
from app.conversation.transcripts import number_sources
from app.markup import code_in, split_links, tidy, typeset
from app.ui.charts import TITLES, Figure
from app.ui.components import browser_component

MOUNT = browser_component("cited_text", "citation_marks")

Opens = tuple[Citation, ...] | str
"""What a mark opens: passages of one document, or the figure that facts call this."""


@dataclass(frozen=True)
class Marks:
    """Makes an answer's marks.

    Args:
        numbers: Each cited document's number.
        titles: Each cited document's title.
        figures: The figures of the run that measured sentences are about, by what facts call them.
    """

    numbers: Mapping[str, int]
    titles: Mapping[str, str]
    figures: Mapping[str, Figure]

    @classmethod
    def of(cls, answer: CitedAnswer, figures: Mapping[str, Figure] | None = None) -> Marks:
        titles = {source.document_id: source.title for source in answer.sources}
        return cls(number_sources(answer), titles, figures or {})

    def title(self, document_id: str) -> str:
        return self.titles.get(document_id, document_id)

    def of_citations(
        self, citations: Sequence[Citation], opens: list[Opens], confirmed: str | None = None
    ) -> list[dict[str, Any]]:
        """A mark per cited document; what each opens is added to `opens`, and the mark says where in it.

        Args:
            confirmed: How a language model's sentence was confirmed, which its mark says too.
        """
        how = f" · confirmed: {confirmed}" if confirmed else ""
        marks = []
        for document_id in dict.fromkeys(citation.document_id for citation in citations):
            cited = tuple(citation for citation in citations if citation.document_id == document_id)
            pages = dict.fromkeys(citation.on_page for citation in cited if citation.page)
            marks.append(
                {
                    "number": self.numbers[document_id],
                    "title": ", ".join((self.title(document_id), *pages)) + how,
                    "quotes": [tidy(citation.quote) for citation in cited],
                    "at": len(opens),
                }
            )
            opens.append(cited)
        return marks

    def of_figure(self, place: str, opens: list[Opens]) -> list[dict[str, Any]]:
        """A mark for a figure; none where nothing is known of it."""
        figure = self.figures.get(place)
        title = figure.title if figure else TITLES.get(place)
        if title is None:
            return []
        shown = {"shows": figure.shows, "hides": figure.does_not_show} if figure else {"shows": "", "hides": ""}
        opens.append(place)
        return [{"title": title, **shown, "at": len(opens) - 1}]


def show_cited_text(
    key: str,
    paragraphs: Sequence[dict[str, Any]],
    opens: Sequence[Opens],
    on_open: Callable[[Opens], None],
    on_see: Callable[[str], None] | None = None,
    reveal: int | None = None,
) -> None:
    """Draw paragraphs.

    Args:
        key: Stable across reruns and different for each piece of text.
        paragraphs: From `paragraphs_of`.
        opens: What the marks open, from `paragraphs_of`.
        on_open: Called with what a clicked mark opens.
        on_see: Called with the name of a clicked "See it happen".
        reveal: How many sentences appear before the first of these; None where all of it is there at once.
    """

    def opened() -> None:
        at = st.session_state[key].get("open")
        if isinstance(at, int) and 0 <= at < len(opens):
            on_open(opens[at])

    def seen() -> None:
        name = st.session_state[key].get("see")
        if on_see and isinstance(name, str):
            on_see(name)

    style = "short" if any(paragraph["short"] for paragraph in paragraphs) else "text"
    data = {"paragraphs": list(paragraphs), "style": style, "reveal": reveal}
    MOUNT(key=key, data=data, on_open_change=opened, on_see_change=seen)


def paragraphs_of(
    sentences: Sequence[Sentence], marks: Marks, key: str, is_short: bool = False, see: bool = False
) -> tuple[list[dict[str, Any]], list[Opens]]:
    """Lay sentences out: those of one document, one after the other, are a paragraph.

    Args:
        is_short: Whether they are the answer in short, which is one paragraph.
        see: Whether a sentence that a run can show gets its "See it happen", named after `key`.

    Returns:
        The paragraphs as the component reads them, and what each of their marks opens.
    """
    paragraphs: list[dict[str, Any]] = []
    opens: list[Opens] = []
    is_of_several = len({citation.document_id for sentence in sentences for citation in sentence.citations}) > 1
    before: object = None
    for number, sentence in enumerate(sentences):
        documents = tuple(dict.fromkeys(citation.document_id for citation in sentence.citations))
        group = "short" if is_short else documents or f"{sentence.kind} {number}"
        if group != before:
            is_introduced = number > 0 and sentences[number - 1].text.endswith(":")
            title = marks.title(documents[0]) if len(documents) == 1 and not is_short else ""
            is_named = title and is_of_several and not is_introduced and not sentence.text.startswith(title)
            paragraphs.append({"label": title if is_named else "", "short": is_short, "sentences": []})
        before = group
        quotes = " ".join(citation.quote for citation in sentence.citations)
        laid: dict[str, Any] = {
            "kind": sentence.kind,
            "runs": runs_of(sentence, quotes, is_short),
            "marks": marks.of_figure(sentence.figure, opens)
            if sentence.figure
            else marks.of_citations(sentence.citations, opens, sentence.confirmed),
        }
        if see and (button := button_of(sentence, f"see it {key}-{number}")):
            laid["see"] = button
        paragraphs[-1]["sentences"].append(laid)
    return paragraphs, opens


def runs_of(sentence: Sentence, quotes: str, is_short: bool) -> list[dict[str, Any]]:
    """A sentence in pieces: links, the corpus's silence in bold, a claim in short in quotation marks.

    A block of code stays whole, and as it is written.
    """
    text = sentence.text
    if (code := code_in(text)) is not None:
        return [{"text": code, "code": True}]
    if sentence.kind != "claim":
        text = typeset(text)
    elif is_short and [text] == [citation.quote for citation in sentence.citations]:
        text = f"“{text}”"
    silent = SILENT if sentence.kind == "framing" and text.startswith(SILENT) else ""
    runs: list[dict[str, Any]] = [{"text": silent, "href": None, "strong": True}] if silent else []
    return runs + [{"text": piece, "href": url} for piece, url in split_links(text.removeprefix(silent), quotes)]
