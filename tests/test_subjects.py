"""Who a sentence speaks of: nothing dangles, and a document's name stands for its own "we" only."""

import pytest

from app.verification.subjects import dangling, in_its_own_voice

OWN = "During denoising, we keep the query while swapping the key and value."
OTHERS = "Existing models face challenges, requiring costly fine-tuning."
NAMES = ("visual style prompting", "vsp")


@pytest.mark.parametrize(
    "sentence, begins",
    [
        ("It requires costly fine-tuning.", "It"),
        ("They face challenges.", "They"),
        ("“We keep the query.”", "We"),
        ("Its query is kept.", "Its"),
        ("This requires fine-tuning.", "This requires"),
        ("These are costly.", "These are"),
        ("This approach keeps the query.", None),
        ("Items are kept.", None),
        ("Existing models face challenges.", None),
    ],
)
def test_a_sentence_that_begins_with_a_pronoun_names_nothing(sentence, begins):
    assert dangling(sentence, [OWN, OTHERS]) == begins


def test_the_passages_own_pointing_may_be_repeated():
    assert dangling("These challenges are addressed.", ["To address these challenges, we propose it."]) is None


@pytest.mark.parametrize(
    "sentence, said",
    [
        ("Visual Style Prompting keeps the query.", "we keeps the query."),
        ("The VSP method also keeps the query.", None),
        ("VSP method keeps the query.", "we keeps the query."),
        ("The authors keep the query.", "we keep the query."),
        ("During denoising, VSP keeps the query.", "During denoising, we keeps the query."),
        ("Visual Style Prompting requires costly fine-tuning.", None),
        ("Visual Style Prompting faces challenges.", None),
        ("FedStyle keeps the query.", None),
        ("The query is kept.", None),
    ],
)
def test_a_document_does_what_it_says_of_itself_and_no_more(sentence, said):
    assert next(in_its_own_voice(sentence, NAMES, [OTHERS, OWN]), None) == said


def test_this_approach_and_a_leading_it_are_the_document_too():
    assert list(in_its_own_voice("VSP allows it.", NAMES, ["This approach allows it."])) == ["This approach allows it."]
    assert list(in_its_own_voice("VSP allows it.", NAMES, ["It allows this."])) == ["It allows it."]
    assert list(in_its_own_voice("VSP allows it.", NAMES, ["Here it allows this."])) == []
    assert list(in_its_own_voice("VSP allows it.", (), ["It allows this."])) == []
