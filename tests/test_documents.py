"""Files to documents: every format, and every way in which a file can be bad."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.documents import CorpusError, CorpusNote, read_documents
from ingest.passages import split_passages
from ingest.readers import records

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
OURS = "---\nid: a\ntitle: A title\npaper_url: http://arxiv.org/abs/1\ngithub_url: null\n---\n\nOne. Two.\n"
SEED = """You are an AI scientist.

### Recommended AI Models:
Model: Txt2Img-henmixReal
Paper: None
GitHub: https://github.com/K/sd

### Related Papers:
Model: FedStyle: a framework
Paper: http://arxiv.org/pdf/2404.16336v1.pdf
Summary: The style. It has a
second line.

And a second paragraph.

Model: WSAM: explanations
Paper: http://arxiv.org/pdf/2308.14995v1.pdf
GitHub: https://github.com/f/W
Summary: Currently, style.


Answer:
"""


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read_one(path: Path):
    (document,) = read_documents([path])
    return document


def test_the_corpus_is_one_model_card_and_three_papers():
    found = {d.id: d for d in read_documents([CORPUS])}
    assert {i: d.kind for i, d in found.items()} == {
        "henmixreal": "model_card",
        "fedstyle": "paper",
        "visual-style-prompting": "paper",
        "wsam": "paper",
    }
    card = found["henmixreal"]
    assert card.paper_url is None and card.github_url == "https://github.com/Kameronski/stable-diffusion-1.5"
    assert card.text.split("\n")[1] == "Paper: None", "that there is no paper is a fact of the corpus"
    paper = found["visual-style-prompting"]
    assert "\\ours" in paper.text
    body = (CORPUS / "papers/visual-style-prompting.md").read_text().split("---\n", 2)[2].strip()
    assert paper.text == (
        f"{body}\n\nModel: {paper.title}\nPaper: http://arxiv.org/pdf/2402.12974v2.pdf\n"
        "GitHub: https://github.com/naver-ai/Visual-Style-Prompting"
    )
    assert paper.text[: paper.metadata["summary_chars"]] == body
    assert paper.metadata["source"] == "papers/visual-style-prompting.md"
    assert "GitHub:" not in found["fedstyle"].text, "a field that is absent makes no line"


def test_our_markdown(tmp_path):
    path = write(tmp_path, "a.md", OURS.replace("title: A", "year: 2024\ntags: [x, y]\ntitle: A"))
    document = read_one(path)
    assert document.text == "One. Two.\n\nModel: A title\nPaper: http://arxiv.org/abs/1"
    assert document.kind == "paper"
    assert document.metadata == {"year": 2024, "tags": ["x", "y"], "source": "a.md", "summary_chars": 9}
    assert document.origin == str(path)
    assert read_one(write(tmp_path, "model_cards/b.md", OURS)).kind == "model_card"


def test_a_date_in_the_front_matter_is_kept_as_text(tmp_path):
    document = read_one(write(tmp_path, "a.md", OURS.replace("title: A", "date: 2024-02-20\ntitle: A")))
    assert document.metadata["date"] == "2024-02-20"
    assert len(document.content_hash) == 64


def test_a_hugging_face_model_card(tmp_path):
    card = "---\nlicense: mit\npipeline_tag: text-to-image\nmodel-index: 3\n---\n\n# My model\n\nIt draws.\n"
    document = read_one(write(tmp_path, "nice-model/README.md", card))
    assert (document.id, document.kind, document.title) == ("nice-model", "model_card", "My model")
    assert document.text == "# My model\n\nIt draws.\n\nLicense: mit\n\nTask: text-to-image\n\nModel: My model"
    assert document.metadata["license"] == "mit"


def test_json_lines(tmp_path):
    rows = [
        {"id": "x1", "title": "One", "summary": "S one.", "paper_url": "https://a.b/c", "authors": ["A"], "year": 2020},
        {"id": "0704.0001", "title": "Two\n  lines", "abstract": "  We do\nthis. ", "categories": "hep-ph"},
    ]
    path = write(tmp_path, "d.jsonl", "".join(json.dumps(row) + "\n\n" for row in rows))
    one, two = read_documents([path])
    assert one.text == "S one.\n\nModel: One\nPaper: https://a.b/c"
    assert one.metadata["authors"] == ["A"] and one.metadata["year"] == 2020
    assert (two.id, two.title, two.text) == (
        "0704.0001",
        "Two lines",
        "We do\nthis.\n\nModel: Two lines\nPaper: https://arxiv.org/abs/0704.0001",
    )
    assert two.metadata["categories"] == "hep-ph"


def test_json_lines_are_streamed(tmp_path):
    path = write(tmp_path, "d.jsonl", '{"id": "a", "title": "A", "summary": "S."}\nbroken\n')
    stream = read_documents([path])
    assert next(stream).id == "a", "the first document comes before the second line is looked at"
    with pytest.raises(CorpusError):
        next(stream)


def test_the_seeds_own_format(tmp_path):
    card, fed, wsam = read_documents([write(tmp_path, "seed.txt", SEED)])
    assert (card.id, card.kind, card.paper_url) == ("txt2img-henmixreal", "model_card", None)
    assert card.text == "Model: Txt2Img-henmixReal\nPaper: None\nGitHub: https://github.com/K/sd"
    assert (fed.id, fed.kind, fed.title) == ("fedstyle", "paper", "FedStyle: a framework")
    assert fed.text.startswith("The style. It has a\nsecond line.\n\nAnd a second paragraph.\n\nModel: FedStyle")
    assert fed.github_url is None
    assert wsam.text.startswith("Currently, style.\n\nModel: WSAM"), "what follows the blocks is no part of them"


def test_the_hash_is_of_what_is_said_not_of_where_it_lies(tmp_path):
    first = read_one(write(tmp_path, "a.md", OURS))
    moved = read_one(write(tmp_path, "elsewhere/b.md", OURS))
    edited = read_one(write(tmp_path, "c.md", OURS.replace("Two", "Three")))
    assert first.content_hash == moved.content_hash != edited.content_hash


BAD = [
    ("latin.md", OURS.replace("Two", "Zwölf").encode("latin-1"), "latin.md:8", "not UTF-8"),
    ("empty.md", "", "empty.md:1", "empty"),
    ("blank.txt", " \n\n", "blank.txt:1", "empty"),
    ("empty.jsonl", "\n", "empty.jsonl:1", "empty"),
    ("yaml.md", "---\nid: a\ntitle: [b\n---\nBody.\n", "yaml.md:", "not YAML"),
    ("list.md", "---\n- a\n- b\n---\nBody.\n", "list.md:2", "name: value"),
    ("nobody.md", "---\nid: a\ntitle: b\n---\n", "nobody.md:", "nothing follows"),
    ("untitled.md", "---\nid: a\n---\nBody.\n", "untitled.md:1", "no `title`"),
    ("url.md", OURS.replace("http://arxiv.org/abs/1", "javascript:alert(1)"), "url.md:1", "not a web address"),
    ("kind.md", OURS.replace("id: a", "id: a\nkind: poem"), "kind.md:1", "unknown"),
    ("broken.jsonl", '{"id": "a", "title": "A", "summary": "S"}\n{"id": \n', "broken.jsonl:2", "not JSON"),
    ("array.json", "[1, 2]\n", "array.json:1", "not an object"),
    ("bytes.jsonl", b'{"id": "a", "title": "\xff"}\n', "bytes.jsonl:1", "not UTF-8"),
    ("nosum.jsonl", '{"id": "a", "title": "A"}\n', "nosum.jsonl:1", "no `summary`"),
    ("early.txt", "Paper: None\nModel: A\nSummary: S\n", "early.txt:1", "before any `Model:`"),
    ("twice.txt", "Model: A\nPaper: None\nPaper: None\n", "twice.txt:3", "second `Paper:`"),
]


@pytest.mark.parametrize(("name", "content", "place", "problem"), BAD, ids=[row[0] for row in BAD])
def test_bad_files_name_the_place_the_problem_and_the_cure(tmp_path, name, content, place, problem):
    path = write(tmp_path, name, content)
    with pytest.raises(CorpusError) as caught:
        list(read_documents([path]))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/{place}") and problem in message and "; " in message
    assert "\n" not in message


def test_no_such_file_and_no_such_format(tmp_path):
    with pytest.raises(CorpusError, match=r"gone\.md: no such file"):
        list(read_documents([tmp_path / "gone.md"]))
    with pytest.raises(CorpusError, match="not a format"):
        list(read_documents([write(tmp_path, "a.docx", "x")]))


def test_two_documents_with_one_id(tmp_path):
    write(tmp_path, "a.md", OURS)
    write(tmp_path, "b.md", OURS.replace("Two", "Three"))
    with pytest.raises(CorpusError, match=r"b\.md:1: the id 'a' is taken by .*a\.md:1"):
        list(read_documents([tmp_path]))


def test_a_file_given_twice_is_read_once(tmp_path):
    path = write(tmp_path, "a.md", OURS)
    assert len(list(read_documents([tmp_path, path, tmp_path]))) == 1


def test_links_must_stay_in_the_folder(tmp_path):
    outside = write(tmp_path, "outside.md", OURS)
    folder = tmp_path / "corpus"
    write(folder, "real.md", OURS)
    (folder / "inner.md").symlink_to(folder / "real.md")
    assert len(list(read_documents([folder]))) == 1
    (folder / "out.md").symlink_to(outside)
    (folder / "void.md").symlink_to(folder / "nowhere.md")
    errors: list[CorpusError] = []
    assert [d.id for d in read_documents([folder], on_error=errors.append)] == ["a"]
    assert [("out of" in str(e), "nowhere" in str(e)) for e in errors] == [(True, False), (False, True)]


def test_a_linked_folder_must_stay_in_the_folder(tmp_path):
    write(tmp_path, "other/a.md", OURS)
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "sub").symlink_to(tmp_path / "other", target_is_directory=True)
    errors: list[CorpusError] = []
    assert list(read_documents([folder], on_error=errors.append)) == []
    assert "out of" in str(errors[0])


def test_a_big_file_must_be_json_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "MAX_FILE_BYTES", 200)
    with pytest.raises(CorpusError, match="JSON lines"):
        list(read_documents([write(tmp_path, "a.md", OURS + "x" * 200)]))
    rows = "".join(json.dumps({"id": f"d{n}", "title": "T", "summary": "S."}) + "\n" for n in range(50))
    assert len(list(read_documents([write(tmp_path, "a.jsonl", rows)]))) == 50


def test_a_bad_line_does_not_hide_the_others(tmp_path):
    write(
        tmp_path, "a.jsonl", '{"id": "a", "title": "A", "summary": "S"}\n{\n{"id": "b", "title": "B", "summary": "S"}\n'
    )
    write(tmp_path, "c.md", OURS.replace("id: a", "id: c"))
    errors: list[CorpusError] = []
    assert [d.id for d in read_documents([tmp_path], on_error=errors.append)] == ["a", "b", "c"]
    assert [e.line for e in errors] == [2]


def test_hidden_files_and_other_endings_in_a_folder_are_passed_over(tmp_path):
    for name in (".git/x.md", ".hidden.md", "picture.png", "notes.rst"):
        write(tmp_path, name, "not a document")
    write(tmp_path, "a.md", OURS)
    assert [d.id for d in read_documents([tmp_path])] == ["a"]


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.md", "It paints.\n\n```python\n# load the brushes\n```\n\n## Limits\n\nNone.\n", "a"),
        ("a.md", '<h1 align="center">In <i>HTML</i></h1>\n\nIt paints.\n', "In HTML"),
        ("a.md", "<img src=x>\n\n### **Any** `level` [at](u) all\n\nIt paints.\n", "Any level at all"),
        ("FLUX.md", "![x](y)\n\n# Key Features\n\nOne.\n\n# Usage\n\nTwo.\n", "FLUX"),
        ("soft-brush/README.md", "# Soft Brush v2\n\nOne.\n\n# Usage\n\nTwo.\n", "Soft Brush v2"),
        ("a.md", "It paints.\n\n# Soft Brush\n\nMore.\n\n## Usage\n\nTwo.\n", "Soft Brush"),
        ("a.md", "# 2024\n\nIt paints.\n", "a"),
        ("a.md", "---\ntitle: 2024\n---\nIt paints.\n", "2024"),
        ("a.md", "---\ntitle: 2024-01-02\n---\nIt paints.\n", "2024-01-02"),
        ("a.md", "# Bidi \u202e txt.exe\n\nIt paints.\n", "Bidi txt.exe"),
    ],
)
def test_a_cards_title(tmp_path, name, text, title):
    assert read_one(write(tmp_path, name, text)).title == title


def test_what_a_cards_front_matter_says_can_be_quoted(tmp_path):
    card = """---
license: [mit, other]
language: no
base_model: a/b
datasets: [c/d, e]
model-index:
- name: x
  results:
  - dataset: {name: Faces}
    metrics:
    - {type: fid, value: 3.1}
    - {type: bad, value: [1]}
---
It paints.
"""
    document = read_one(write(tmp_path, "a.md", card))
    assert document.text.split("\n\n")[1:-1] == [
        "License: mit, other",
        "Language: no",
        "Base model: a/b",
        "Training datasets: c/d, e",
        "Metric: fid on Faces: 3.1",
    ]
    assert document.metadata["language"] == "no"


def test_front_matter_that_is_not_closed_is_left_out_and_said_so(tmp_path):
    notes: list[CorpusNote] = []
    path = write(tmp_path, "a.md", "---\nlicense: mit\ntags:\n- style\n\n# Open\n\nIt paints.\n")
    (document,) = read_documents([path], on_note=notes.append)
    assert (document.title, document.text) == ("Open", "# Open\n\nIt paints.\n\nModel: Open")
    assert str(notes[0]).startswith(f"{path}:1: ") and "lines 1 to 4 are left out" in str(notes[0])


def test_a_rule_at_the_top_is_no_front_matter(tmp_path):
    notes: list[CorpusNote] = []
    (document,) = read_documents([write(tmp_path, "a.md", "---\n\n# Ruled\n\nIt paints.\n")], on_note=notes.append)
    assert document.title == "Ruled" and notes == []


def test_what_the_front_matter_says_stands_below_no_heading(tmp_path):
    document = read_one(
        write(tmp_path, "a.md", "---\nlicense: mit\n---\nIt paints.\n\n## Limits\n\nIt has no hands.\n")
    )
    assert [(p.kind, p.path, p.text) for p in split_passages(document)] == [
        ("sentence", (), "It paints."),
        ("sentence", ("Limits",), "It has no hands."),
        ("fact", (), "License: mit"),
        ("field", (), "Model: a"),
    ]


def test_names_that_come_to_one_id_are_both_indexed(tmp_path):
    for name in ("a_b.md", "a-b.md", "alice/mixer/README.md", "bob/mixer/README.md", "水彩.md", "写真.md"):
        write(tmp_path, name, f"It is {name}.\n")
    ids = {d.id for d in read_documents([tmp_path])}
    assert len(ids) == 6 and {"a-b", "mixer", "bob-mixer", "水彩", "写真"} <= ids


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize("indent", [None, 1])
def test_json_is_an_object_or_an_array_or_lines(tmp_path, name, indent):
    one, two = ({"id": i, "title": i, "abstract": "It paints."} for i in "ab")
    assert read_one(write(tmp_path, name, json.dumps(one, indent=indent))).id == "a"
    assert [d.id for d in read_documents([write(tmp_path, name, json.dumps([one, two], indent=indent))])] == ["a", "b"]


def test_a_pretty_printed_file_that_is_broken_gets_one_message(tmp_path):
    errors: list[CorpusError] = []
    path = write(tmp_path, "a.json", json.dumps([{"id": "a", "title": "A"}] * 30, indent=1)[:-1])
    assert list(read_documents([path], on_error=errors.append)) == [] and len(errors) == 1
    assert "not JSON" in str(errors[0])


RECORD = {"id": "2501.00001", "title": "By\n $\\alpha$-Blending", "abstract": "It paints.We see."}


@pytest.mark.parametrize(
    ("first", "second", "newest"),
    [
        ({}, {}, 2),
        ({"versions": [{"version": "v1"}, {"version": "v2"}]}, {"versions": [{"version": "v1"}]}, 1),
        ({"versions": [{"version": "v2"}], "update_date": "2025-01-02"}, {"versions": [{"version": "v2"}]}, 2),
        ({"update_date": "2025-01-02"}, {"update_date": "2024-01-02"}, 1),
        ({"id": "2501.00001v1"}, {"id": "2501.00001v3"}, 2),
    ],
)
def test_of_an_arxiv_papers_versions_the_newest_is_indexed_and_the_other_told(tmp_path, first, second, newest):
    notes: list[CorpusNote] = []
    rows = [{**RECORD, **row, "place": str(n)} for n, row in enumerate((first, second), 1)]
    path = write(tmp_path, "a.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    (document,) = read_documents([path], on_note=notes.append)
    assert (document.id, document.title, document.paper_url) == (
        "2501.00001",
        "By α-Blending",
        "https://arxiv.org/abs/2501.00001",
    )
    assert document.metadata["place"] == str(newest)
    assert len(notes) == 1 and "arXiv:2501.00001" in str(notes[0]) and notes[0].line == 3 - newest


def test_a_version_in_another_file_takes_the_olders_place(tmp_path):
    write(tmp_path, "a.jsonl", json.dumps({**RECORD, "id": "2501.00001v2"}))
    write(tmp_path, "b.csv", "id,title,summary\n2501.00001v1,T,Old.\n")
    notes: list[CorpusNote] = []
    (document,) = read_documents([tmp_path], on_note=notes.append)
    assert "We see." in document.text and len(notes) == 1
