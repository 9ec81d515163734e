import json

import pytest

from app.answers import STRICT, Checked, Citation, CitedAnswer, Section, Sentence, Source, WorkflowStage

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


def test_a_measured_sentence_names_its_figure_and_no_other_does():
    assert Sentence("It was 60 %.", "measured", figure="noise").figure == "noise"
    for wrong in (("It was 60 %.", "measured", None), ("It was 60 %.", "framing", "noise")):
        with pytest.raises(ValueError, match="names its figure"):
            Sentence(wrong[0], wrong[1], figure=wrong[2])


def test_sentences_of_one_document_stand_in_one_paragraph():
    said = [Sentence(text, "framing", document_id=i) for text, i in (("a", None), ("b", "wsam"), ("c", "wsam"))]
    paragraphs = Section("Under the hood", tuple(said)).paragraphs
    assert [(p.document_id, [s.text for s in p.sentences]) for p in paragraphs] == [(None, ["a"]), ("wsam", ["b", "c"])]


def test_answers_that_were_kept_by_an_earlier_version_are_read():
    kept = ANSWER.to_json()
    kept["search_query"] = kept.pop("searched_for")
    for section in kept["sections"]:
        for sentence in section["sentences"]:
            del sentence["figure"], sentence["document_id"]
    assert CitedAnswer.from_json(kept) == ANSWER


def test_what_earlier_versions_counted_beside_is_left_out():
    kept = Checked.from_json({"checked": 3, "mended": 1, "replaced": 1, "dropped": 0, "links_removed": 2, "note": None})
    assert kept == Checked(3, 1, 0, 2)
    assert kept.line() == "3 sentences checked, 1 replaced, 0 dropped"


@pytest.mark.parametrize(
    "checked, line",
    [
        (Checked(note="it is slow"), "The reader answered: it is slow"),
        (Checked(planner="m"), "Planned by m; every sentence is the corpus's own"),
        (
            Checked(5, 3, 1, planner="m", judge="j"),
            "Planned by m; 3 of 5 sentences could not be confirmed and were replaced by their passages, "
            "1 was left out (judge: j)",
        ),
        (
            Checked(1, planner="m", judge=STRICT),
            "Planned by m; its sentence was confirmed (strict: only near-quotations pass)",
        ),
        (
            Checked(2, 2, planner="m", judge="j", note="j could not be asked about 2 of them"),
            "Planned by m; 2 of 2 sentences could not be confirmed and were replaced by their passages (judge: j); "
            "j could not be asked about 2 of them",
        ),
    ],
)
def test_the_line_says_who_planned_and_what_became_of_the_sentences(checked, line):
    assert checked.line() == line


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
    assert data["searched_for"] == "why"
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
