"""A conversation as one HTML file: all of it is there, nothing in it runs, and it links to the corpus alone."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

from PIL import Image

from app.answers import Citation, CitedAnswer, Section, Sentence, Source
from app.conversation.html_export import as_html
from app.conversation.transcripts import Entry

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)"> & [x](javascript:alert(3))'
ANSWER = CitedAnswer(
    question="why?",
    status="answered",
    engine="reader",
    seconds=0.1,
    sections=(Section("Task", (Sentence(f"Bread rises. {HOSTILE}", "claim", (Citation("bread", 0, 5, HOSTILE),)),)),),
    sources=(Source("bread", "paper", HOSTILE, "https://example.org/bread", "javascript:alert(4)"),),
    searched_for="why does bread rise?",
)


class Tags(HTMLParser):
    """Which tags a page has, with their attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_all_is_there_and_nothing_runs(tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "image.png")
    Image.new("RGB", (8, 8), "blue").save(tmp_path / "beside-1.png")
    result = {
        "run_id": "r",
        "folder": str(tmp_path),
        "verdict": f"Rye decided this picture. {HOSTILE}",
        "facts": [{"text": f"Of the attention, 3 % went to rye. {HOSTILE}"}],
        "measurements": {"images": [{"alone": [{"style": HOSTILE, "file": "beside-1.png"}]}]},
        "record": {"requests": [{"subject": HOSTILE, "seed": 7}]},
    }
    entries = [
        Entry("1", question=HOSTILE),
        Entry("2", answer=ANSWER),
        Entry("3", result=result),
        Entry("4", note=HOSTILE),
    ]
    page = as_html(HOSTILE, entries)
    tags = Tags()
    tags.feed(page)
    names = {tag for tag, _ in tags.found}
    assert "script" not in names and not any(name.startswith("on") for _, attrs in tags.found for name in attrs)
    assert [attrs["href"] for tag, attrs in tags.found if tag == "a"] == ["https://example.org/bread"]
    pictures = [attrs for tag, attrs in tags.found if tag == "img"]
    assert len(pictures) == 2 and all(attrs["src"].startswith("data:image/png;base64,") for attrs in pictures)
    assert base64.b64decode(pictures[0]["src"].partition(",")[2]) == (tmp_path / "image.png").read_bytes()
    for words in (
        "Bread rises.",
        "Rye decided this picture.",
        "3 % went to rye",
        "Searched for",
        "&quot;seed&quot;: 7",
    ):
        assert words in page
    assert not re.search(r"""(?:src|href)=["'](?!data:|https://example\.org)""", page)


def test_a_picture_outside_of_the_runs_folder_is_not_taken(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "secret.png").write_bytes(b"secret")
    result = {"folder": str(tmp_path / "run"), "pictures": [{"label": "x", "file": "../secret.png"}]}
    assert "base64" not in as_html("t", [Entry("1", result=result)])
