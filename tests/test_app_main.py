"""`python -m app` as it is documented: answers, batches, exit status."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.__main__ import main
from app.conversation.store import Conversations
from ingest.documents import read_documents

ROOT = Path(__file__).resolve().parent.parent
SEED_QUESTION = (
    "I mixed 'photographic style' and 'digital illustration' in one prompt and got an image that blended both "
    "perfectly. How does AI balance multiple styles at once: what's happening with the weights under the hood?"
)
NOT_IN_THE_CORPUS = "How long do I have to boil an egg?"


@pytest.fixture
def home(seed_home, tmp_path):
    return shutil.copytree(seed_home, tmp_path / "home")


@pytest.fixture
def ask(home, capsys):
    """Run the command line; returns its exit status, stdout and stderr."""

    def run(*arguments, at=home):
        status = main([*map(str, arguments), "--home", str(at)])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_an_answer_in_json_quotes_verbatim_and_links_to_the_corpus_only(ask):
    status, out, err = ask(SEED_QUESTION, "--json")
    answer = json.loads(out)
    assert status == 0 and answer["status"] == "answered"
    texts = {document.id: document.text for document in read_documents([ROOT / "corpus"])}
    sentences = [s for section in answer["sections"] for s in section["sentences"]]
    citations = [c for s in sentences for c in s["citations"]]
    assert citations
    assert all(texts[c["document_id"]][c["start"] : c["end"]] == c["quote"] for c in citations)
    assert all(s["citations"] for s in sentences if s["kind"] == "claim")
    known = " ".join(texts.values())
    for link in re.findall(r"https?://[^\s\"\\]+", out):
        assert link.rstrip(".,)") in known
    assert {source["document_id"] for source in answer["sources"]} == set(texts)
    assert answer["proposals"][0]["tool"] == "blend_styles"
    assert re.search(r"started in [\d.]+ s", err) and re.search(r"answered in [\d.]+ s by", err)


def test_the_answering_time_leaves_the_start_out(ask):
    _, out, _ = ask(SEED_QUESTION, "--json")
    assert 0 < json.loads(out)["seconds"] < 10  # under 1 on an idle machine; make bench reports it


def test_an_answer_in_plain_text_has_markers_sources_and_the_command_that_renders(ask):
    status, out, _ = ask(SEED_QUESTION)
    assert status == 0
    assert "[1]" in out and "### Sources" in out
    assert "https://github.com/naver-ai/Visual-Style-Prompting" in out
    assert "python -m tools blend --subject" in out


def test_a_question_about_something_else_is_refused_with_status_1(ask):
    status, out, _ = ask(NOT_IN_THE_CORPUS, "--json")
    answer = json.loads(out)
    assert (status, answer["status"]) == (1, "refused")
    assert not any(s["citations"] for section in answer["sections"] for s in section["sentences"])


def test_a_conversation_goes_on_in_the_next_run(ask, home):
    ask("How does Visual Style Prompting work?", "--conversation", "c1", "--json")
    assert (home / "conversations.sqlite").is_file()
    status, out, _ = ask("and in which layers?", "--conversation", "c1", "--json")
    assert status == 0
    assert "late self-attention layers" in out


def test_a_batch_is_answered_in_order_and_stops_at_a_bad_line(ask, tmp_path):
    file = tmp_path / "questions.jsonl"
    lines = [
        '{"id": 7, "question": "How does FedStyle address severe model drift?"}',
        "",
        '{"id": "b", "question": "Which style augmentation algorithm does WSAM outline?"}',
    ]
    file.write_text("\n".join(lines))
    status, out, _ = ask("--batch", file)
    assert status == 0
    assert [json.loads(line)["id"] for line in out.splitlines()] == [7, "b"]
    assert all(json.loads(line)["status"] == "answered" for line in out.splitlines())

    file.write_text("\n".join([lines[0], '{"id": 8}', lines[2]]))
    status, out, err = ask("--batch", file)
    assert status == 2
    assert [json.loads(line)["id"] for line in out.splitlines()] == [7]
    assert f"{file}:2:" in err and "Traceback" not in err


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"id": 1, "question": ""}',
        '{"id": 1, "question": 2}',
        "\xff",
        '{"id": 1, "question": "why?", "conversation": 3}',
        '{"id": 1, "question": "why?", "approve": "yes"}',
    ],
)
def test_no_bad_line_of_a_batch_is_a_traceback(ask, tmp_path, line):
    file = tmp_path / "questions.jsonl"
    file.write_bytes(line.encode("latin-1"))
    status, _, err = ask("--batch", file)
    assert status == 2 and f"{file}:1:" in err and len(err.splitlines()) == 2  # the first says how long it started


def test_a_batch_continues_conversations_and_runs_what_is_proposed(ask, tmp_path, home):
    file = tmp_path / "turns.jsonl"
    blend = "Blend 80 % watercolor and 20 % pencil sketch of a boat"
    lines = [
        {"id": 1, "question": blend, "conversation": "c", "approve": True},
        {"id": 2, "question": "Did the weights change?", "conversation": "c"},
        {"id": 3, "question": "Did the weights change?"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    status, out, _ = ask("--batch", file)
    made, asked, alone = map(json.loads, out.splitlines())
    assert status == 0
    (result,) = made["results"]
    assert result["tool"] == "blend_styles" and result["record"]["requests"][0]["subject"] == "a boat"
    assert Path(result["folder"], "image.png").is_file()
    assert any("parameters" in s["text"] for section in asked["sections"] for s in section["sentences"])
    assert asked["sections"] != alone["sections"], "the third is asked by itself"
    assert len(Conversations(home / "conversations.sqlite").all()) == 1


def test_an_empty_home_gets_the_packaged_corpus(ask, tmp_path):
    status, out, _ = ask("How does FedStyle address severe model drift?", "--json", at=tmp_path / "new")
    assert status == 0
    assert json.loads(out)["sources"][0]["document_id"] == "fedstyle"


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        ([], "QUESTION"),
        (["why?", "--batch", "x"], "QUESTION"),
        (["--batch", "nowhere.jsonl"], "no such file"),
        (["   "], "empty"),
        (["x" * 4_001], "shorten"),
        (["--batch", "README.md", "--conversation", "c"], "leave --conversation out"),
    ],
)
def test_unusable_input_is_one_line_and_status_2(ask, arguments, complaint):
    status, out, err = ask(*arguments)
    assert (status, out) == (2, "")
    assert complaint in err and len(err.splitlines()) == 1


def test_a_mistyped_command_does_not_wait_for_the_imports():
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "app", ""], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "empty" in done.stderr and "Traceback" not in done.stderr
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, app.__main__; print('torch' in sys.modules or 'langchain' in sys.modules)"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert loaded.stdout.strip() == "False"
    assert time.perf_counter() - started < 60
