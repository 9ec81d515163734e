"""What a question asks after and what a heading announces, and the shape that they give an answer; on made-up cards."""

from __future__ import annotations

import pytest

from app.answering.answer import Query, answer
from app.answering.reading import Reading
from ingest.documents import Document, read_documents
from ingest.index import Index
from tools.reading.aspects import ASPECTS, AspectReader, headings_of
from tools.search import Searcher

CARD = """---
license: mit
language: [en, no]
---
# Ferry Brush

[![badge](https://img.example/b.svg)](x) [Demo](https://d.example)

- [Quick start](#quick-start)

Ferry Brush mixes two styles on a wet sheet.

## Quick start

Put this into a file:

```python
import ferry

ferry.paint("a boat")
```

```bibtex
@misc{ferry}
```

## Where it fails

- Masts lean to the left.
- Ropes are drawn twice.
- Water turns to sand at night.

## Scores

| Sheet | FID | Seconds |
|---|---|---|
| dry | 3.1 | 12 |
| wet | 4.2 | 15 |
"""
OTHER = "# Loaf Scope\n\nLoaf Scope hears dough rise through a microphone.\n\n## Limits\n\nIt is deaf to rye.\n"


@pytest.fixture(scope="module")
def searcher(tmp_path_factory, embedder):
    folder = tmp_path_factory.mktemp("cards")
    (folder / "ferry-brush.md").write_text(CARD)
    (folder / "loaf-scope.md").write_text(OTHER)
    index = Index(tmp_path_factory.mktemp("home"), embedder)
    index.sync_paths([folder])
    assert len(list(read_documents([folder]))) == 2
    return Searcher(index)


def told(searcher, question):
    found = answer(Query(question), searcher.search(question), "reader")
    assert all("](#" not in s.text and "img.example" not in s.text for s in found.sentences)
    return found


def test_questions_and_headings_with_no_word_in_common_are_of_one_aspect(embedder):
    reader = AspectReader(embedder)
    for question, aspect in (
        ("What is it bad at?", "limits"),
        ("How do I start it?", "use"),
        ("Who wrote it?", "people"),
    ):
        likely = reader.asked(question)
        assert max(likely, key=lambda name: likely[name]) == aspect and set(likely) == set(ASPECTS)


def test_another_embedder_reads_no_aspect():
    class Other:
        name = "another"

        def encode(self, texts):
            import numpy as np

            return np.ones((len(texts), 4), np.float32) / 2

    assert set(AspectReader(Other()).asked("What is it bad at?").values()) == {0.0}  # type: ignore[arg-type]


def test_a_heading_counts_whole_and_in_its_parts_without_its_number(searcher):
    document = Document("d", "paper", "T", "## 4.1 Intended use & limits\n\nIt paints.\n", None, None)
    from ingest.passages import split_passages

    (passage,) = split_passages(document)
    assert headings_of(passage) == ("Intended use & limits", "Intended use", "limits")


def test_how_to_use_something_is_told_by_its_code_whole(searcher):
    (first, *_) = told(searcher, "How do I use Ferry Brush?").sentences
    assert first.text == '```python\nimport ferry\n\nferry.paint("a boat")\n```' == first.citations[0].quote


def test_what_it_cannot_do_is_told_by_the_whole_list(searcher):
    found = told(searcher, "What are the weaknesses of Ferry Brush?")
    assert [s.text for s in found.sentences] == [
        "Masts lean to the left.",
        "Ropes are drawn twice.",
        "Water turns to sand at night.",
    ]
    assert told(searcher, "What is Loaf Scope bad at?").sentences[0].text == "It is deaf to rye."


def test_a_number_in_a_table_is_told_with_its_row_and_header(searcher):
    found = told(searcher, "What is the FID of Ferry Brush on a wet sheet?")
    assert found.sentences[0].text == "Sheet: wet; FID: 4.2; Seconds: 15"


def test_what_the_front_matter_says_is_told(searcher):
    assert told(searcher, "Which licence has Ferry Brush?").sentences[0].text == "License: mit"
    assert told(searcher, "Which languages does Ferry Brush know?").sentences[0].text == "Language: en, no"


def test_headings_are_ranked_with_what_stands_below_them(searcher):
    reading = Reading(searcher.search("What goes wrong with Ferry Brush?"))
    best = reading.ranked(reading.meant)[0]
    assert best.passage.path == ("Where it fails",) and best.heading > 0.5


def test_below_a_heading_of_two_things_what_is_asked_after_comes_first(tmp_path, embedder):
    card = "# Kiln Ear\n\nKiln Ear hears pots crack.\n\n## Intended use & limitations\n\nThe model is for research. "
    (tmp_path / "kiln-ear.md").write_text(card + "Note that glazes of cobalt are often heard as cracks.\n")
    index = Index(tmp_path / "home", embedder)
    index.sync_paths([tmp_path / "kiln-ear.md"])
    found = told(Searcher(index), "What are the shortcomings of Kiln Ear?")
    assert found.sentences[0].text == "Note that glazes of cobalt are often heard as cracks."
