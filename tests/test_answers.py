import json

import pytest

from app.answers import Citation, CitedAnswer, Section, Sentence, Source, WorkflowStage

CITATION = Citation("wsam", 0, 5, "quote")
ANSWER = CitedAnswer(
    "why?",
    "answered",
    "reader",
    0.1,
    (Section("Task", (Sentence("In its words:", "framing"), Sentence("quote", "claim", (CITATION,)))),),
    (Source("wsam", "paper", "WSAM", "http://arxiv.org/pdf/2308.14995v1.pdf", None),),
    (WorkflowStage("input", "a prompt", (CITATION,)),),
    ({"tool": "blend_styles", "arguments": {"subject": "a cat"}},),
    ("and then?",),
    "why",
)


def test_a_claim_without_a_citation_cannot_be_built():
    with pytest.raises(ValueError, match="without a citation"):
        Sentence("The moon is made of cheese.", "claim")


def test_json_round_trip_keeps_everything():
    assert CitedAnswer.from_json(json.loads(json.dumps(ANSWER.to_json()))) == ANSWER


def test_json_has_the_documented_fields():
    data = ANSWER.to_json()
    documented = {
        "question",
        "status",
        "engine",
        "seconds",
        "sections",
        "sources",
        "workflow",
        "proposals",
        "follow_ups",
    }
    assert documented <= set(data)
    assert data["sections"][0]["sentences"][1]["citations"] == [
        {"document_id": "wsam", "start": 0, "end": 5, "quote": "quote"}
    ]


def test_the_message_carries_standard_citation_annotations():
    message = ANSWER.to_message()
    annotations = [a for block in message.content for a in block["annotations"]]
    assert [a["type"] for a in annotations] == ["citation"]
    assert annotations[0]["cited_text"] == "quote"
    assert annotations[0]["url"] == "http://arxiv.org/pdf/2308.14995v1.pdf"
    assert CitedAnswer.from_json(message.additional_kwargs["cited_answer"]) == ANSWER
