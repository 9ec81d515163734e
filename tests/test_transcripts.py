import json
import re
from dataclasses import replace

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from app.answers import Checked, Citation, CitedAnswer, Section, Sentence, Source, WorkflowStage
from app.conversation.transcripts import Entry, answer_as_markdown, as_markdown, number_sources, read_transcript
from app.markup import defuse

PAPER, CARD = Citation("paper", 0, 4, "Data"), Citation("card", 0, 5, "Paper")
ANSWER = CitedAnswer(
    question="why?",
    status="answered",
    engine="reader",
    seconds=0.1,
    sections=(Section("Task", (Sentence("Data.", "claim", (PAPER,)), Sentence("Both.", "claim", (CARD, PAPER)))),),
    sources=(
        Source("card", "model_card", "A card", None, "https://github.com/a/b"),
        Source("paper", "paper", "A paper", "http://arxiv.org/pdf/1.pdf", None),
    ),
    workflow=(WorkflowStage("input", "a prompt", (PAPER,)),),
)
CALL = {"name": "blend_styles", "args": {"subject": "x"}, "id": "b1", "type": "tool_call"}
MADE = {"run_id": "r", "record": {"requests": [{"subject": "a house ```"}, {"subject": "a cat", "seed": 7}]}}
MESSAGES = [
    HumanMessage("why?", id="1"),
    AIMessage("", tool_calls=[{"name": "search_corpus", "args": {"query": "why"}, "id": "s1"}], id="2"),
    ToolMessage("passages", name="search_corpus", tool_call_id="s1", id="3"),
    ANSWER.to_message([CALL]).model_copy(update={"id": "4"}),
    ToolMessage("Not rendered", name="blend_styles", tool_call_id="b1", id="5"),
    HumanMessage("Render it.", additional_kwargs={"render_of": "b1"}, id="6"),
    AIMessage("", tool_calls=[{**CALL, "id": "b2"}], id="7"),
    ToolMessage("done", name="blend_styles", tool_call_id="b2", artifact=MADE, id="8"),
    AIMessage("A limit was reached.", id="9"),
]


def test_a_transcript_holds_what_was_said_and_made():
    entries = read_transcript(MESSAGES)
    assert [entry.key for entry in entries] == ["1", "4", "8", "9"]
    assert entries[0].question == "why?"
    assert entries[1].answer == ANSWER
    assert [proposal.call_id for proposal in entries[1].proposals] == ["b1"]
    assert (entries[2].result, entries[2].view) == (MADE, "blend")
    assert entries[3].note == "A limit was reached."


def test_sources_are_numbered_in_their_order():
    assert number_sources(ANSWER) == {"card": 1, "paper": 2}


def test_an_answer_is_written_down_with_markers_links_and_quotes():
    text = "\n\n".join(answer_as_markdown(ANSWER))
    assert "Data. [2]" in text and "Both. [1][2]" in text
    assert "[1] A card (model card)\n    Paper: none given\n    GitHub: https://github.com/a/b" in text
    assert "“Data”" in text and "- input: a prompt [2]" in text


def test_a_conversation_is_exported_with_its_sources():
    text = as_markdown("Styles", read_transcript(MESSAGES))
    assert text.startswith("# Styles\n\n## why?")
    assert "http://arxiv.org/pdf/1.pdf" in text and "`r`" in text
    assert '"seed": 7' in text, "what is needed to render it again is exported"


def test_an_export_holds_what_was_rendered():
    text = as_markdown("Styles", read_transcript(MESSAGES))
    house, cat = re.findall(r"^(`{3,})json\n(.*?)\n\1$", text, re.S | re.M)
    assert [json.loads(written) for _, written in (house, cat)] == MADE["record"]["requests"]
    assert len(house[0]) > 3, "a fence in the request ends nothing"


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/p.png)",
    "[1]: javascript:alert(1)",
    "\\<script>alert(1)</script>",
    "\x1b]0;title\x07\x1b[31mred",
    "see https://evil.example/steal and a@evil.example",
    "`code` # no heading",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_document_draws_or_links_in_an_export(text):
    quote = Citation("paper", 0, len(text), "Data")
    answer = replace(
        ANSWER,
        question=text,
        searched_for=text,
        sections=(Section(text, (Sentence(text, "claim", (quote,)), Sentence(text, "framing"))),),
        sources=(Source("paper", "paper", text, "https://a.b/](javascript:alert(1))", None),),
        workflow=(WorkflowStage("input", text, (quote,)),),
        checked=Checked(note=text),
    )
    entries = [Entry("1", question=text), Entry("2", answer=answer), Entry("3", note=text)]
    written = as_markdown(text, entries)
    assert not re.search(
        r"(?<!\\)(?:\\\\)*<[a-z/!]|(?<!\\)(?:\\\\)*\[[^\]]*\](?:\(|:)|[\x00-\x08\x0b-\x1f]", written, re.I
    )
    assert "https://evil.example" not in written and "a@evil" not in written


def test_ordinary_words_stay_as_they_are_in_an_export():
    text = "Styles (p < 0.05, 3 > 2) keep_their names & 100 % of R&D; see arXiv:2402.12974."
    assert defuse(text) == text


def test_a_follow_up_says_what_was_searched_for():
    rewritten = replace(ANSWER, searched_for="why (A paper)?")
    assert answer_as_markdown(rewritten)[0] == "Searched for: why (A paper)?"
    assert answer_as_markdown(replace(ANSWER, searched_for="why?"))[0] == "### Task"
