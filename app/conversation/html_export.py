"""A conversation as one HTML file: what was said and made, with pictures, findings, citations, sources and records.

The file needs nothing beside it and runs no script. All text is escaped; the only links are the corpus's own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from app.answers import Citation, CitedAnswer, Section
from app.conversation.transcripts import Entry, number_sources

STYLE = """
:root { color-scheme: light dark; --ink: #26233a; --paper: #fdfcff; --line: #d9d2ea; --accent: #5b4b8a; }
@media (prefers-color-scheme: dark) { :root { --ink: #eceaf4; --paper: #17151f; --line: #3d3752; --accent: #b7a8ea; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
.question { background: color-mix(in srgb, var(--accent) 12%, transparent); border-radius: .8rem; padding: .8rem 1rem; }
h3 { margin-bottom: .2rem; } sup { color: var(--accent); } .note { opacity: .75; font-size: .9rem; }
figure { display: inline-block; margin: .3rem .6rem .3rem 0; vertical-align: top; max-width: 16rem; }
img { width: 100%; border-radius: .5rem; } figcaption { font-size: .8rem; opacity: .8; }
section { border-top: 1px solid var(--line); padding: .6rem 0; }
blockquote { margin: .2rem 0 .2rem 1rem; opacity: .85; }
pre { overflow-x: auto; font-size: .75rem; } a { color: var(--accent); }
"""


def as_html(title: str, entries: Sequence[Entry]) -> str:
    """Write a conversation down as one page."""
    body = "\n".join(block for entry in entries for block in _entry(entry))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def _entry(entry: Entry) -> Iterator[str]:
    if entry.question is not None:
        yield f'<h2 class="question">{escape(entry.question)}</h2>'
    elif entry.answer is not None:
        yield from _answer(entry.answer)
    elif entry.result is not None:
        yield from _result(entry.result)
    elif entry.note:
        yield f'<p class="note">{escape(entry.note)}</p>'


def _answer(answer: CitedAnswer) -> Iterator[str]:
    numbers = number_sources(answer)
    if answer.searched_for and answer.searched_for.strip() != answer.question.strip():
        yield f'<p class="note">Searched for: {escape(answer.searched_for)}</p>'
    yield from (_section(section, numbers) for section in answer.sections)
    if answer.workflow:
        stages = "".join(
            f"<li><b>{escape(stage.stage)}</b>: {escape(stage.text)}{_marks(stage.citations, numbers)}</li>"
            for stage in answer.workflow
        )
        yield f"<h3>Input → model → output</h3><ol>{stages}</ol>"
    if answer.sources:
        yield "<section><h3>Sources</h3>"
        for source in answer.sources:
            links = " · ".join(
                f'<a href="{escape(url)}" rel="noopener noreferrer">{name}</a>'
                for name, url in (("Paper", source.paper_url), ("GitHub", source.github_url))
                if url and url.startswith(("http://", "https://"))
            )
            yield f"<p>[{numbers[source.document_id]}] {escape(source.title)} {links}</p>"
            cited = dict.fromkeys((c.quote, c.on_page) for c in answer.citations if c.document_id == source.document_id)
            told = (f"{escape(quote)}{f' ({page})' if page else ''}" for quote, page in cited)
            yield "".join(f"<blockquote>{quote}</blockquote>" for quote in told)
        yield "</section>"


def _section(section: Section, numbers: dict[str, int]) -> str:
    heading = f"<h3>{escape(section.heading)}</h3>" if section.heading else ""
    told = " ".join(escape(s.text) + _marks(s.citations, numbers) for s in section.sentences)
    return f"{heading}<p>{told}</p>"


def _marks(citations: Sequence[Citation], numbers: dict[str, int]) -> str:
    marks = dict.fromkeys(f"[{numbers[citation.document_id]}]" for citation in citations)
    return f"<sup>{''.join(marks)}</sup>" if marks else ""


def _result(result: dict[str, Any]) -> Iterator[str]:
    folder = Path(result.get("folder", ""))
    yield "<section>"
    if question := result.get("question"):
        yield f"<h3>{escape(question)}</h3>"
    if verdict := result.get("verdict"):
        yield f"<p><b>{escape(verdict)}</b></p>"
    for label, name in _pictures(result):
        file = folder / Path(name).name
        if file.is_file():
            data = base64.b64encode(file.read_bytes()).decode()
            caption = f"<figcaption>{escape(label)}</figcaption>"
            yield f'<figure><img alt="{escape(label)}" src="data:image/png;base64,{data}">{caption}</figure>'
    facts = "".join(f"<li>{escape(fact['text'])}</li>" for fact in result.get("facts", ()))
    yield f"<ul>{facts}</ul>" if facts else ""
    record = json.dumps(result.get("record", {}), indent=1, ensure_ascii=False)
    yield "<details><summary>Record: everything needed to make the same pixels again</summary>"
    yield f"<pre>{escape(record)}</pre></details></section>"


def _pictures(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The pictures of a run, each with its label and its file's name."""
    if "pictures" in result:
        yield from ((picture["label"], picture["file"]) for picture in result["pictures"])
        return
    yield "the blend", "image.png"
    image: dict[str, Any] = next(iter(result.get("measurements", {}).get("images", ())), {})
    yield from ((f"{one['style']} alone", one["file"]) for one in image.get("alone", ()))
