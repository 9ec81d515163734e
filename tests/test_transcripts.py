from dataclasses import replace

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from app.answers import Citation, CitedAnswer, Section, Sentence, Source, WorkflowStage
from app.conversation.transcripts import answer_as_markdown, as_markdown, number_sources, read_transcript

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
MADE = {"run_id": "r", "record": {"requests": [{"subject": "a cat", "seed": 7}]}}
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


def test_a_follow_up_says_what_was_searched_for():
    rewritten = replace(ANSWER, search_query="why (A paper)?")
    assert answer_as_markdown(rewritten)[0] == "Searched for: why (A paper)?"
    assert answer_as_markdown(replace(ANSWER, search_query="why?"))[0] == "### Task"
