"""Who confirms a sentence: its passage's own words, a judge, or nobody."""

import numpy as np
import pytest

from app.verification.confirmation import NEAR, QUOTED, Claim, EntailmentJudge, confirm

PASSAGE = "Worker bees feed the queen during the winter, while drones never gather pollen."
NEARLY = "Worker bees feed the queen during the winter."
PARAPHRASE = "In the cold months the queen is given her food by others."


class Says:
    """A judge of one opinion that counts what it is asked."""

    name = "the judge"

    def __init__(self, says):
        self.says = says
        self.asked = []

    def supports(self, pairs):
        self.asked.append(list(pairs))
        return [self.says] * len(pairs)


def one(sentence, judge=None, passages=(PASSAGE,), **about):
    (found,) = confirm([Claim(sentence, tuple(passages), **about)], judge)
    return found


def test_without_a_judge_a_near_quotation_passes_and_nothing_else():
    assert one(PASSAGE).by == QUOTED
    assert one(NEARLY).by == NEAR
    assert one(PARAPHRASE).by is None and one(PARAPHRASE).reason


def test_a_judge_decides_what_words_do_not():
    judge = Says(True)
    assert one(PARAPHRASE, judge).by == "the judge"
    assert one(NEARLY, judge).by == NEAR and len(judge.asked) == 1
    assert one(PARAPHRASE, Says(False)).by is None


def test_it_is_asked_once_for_all_that_its_word_decides():
    judge = Says(True)
    found = confirm(
        [Claim(NEARLY, (PASSAGE,)), Claim(PARAPHRASE, (PASSAGE, "Else.")), Claim(PARAPHRASE, (PASSAGE,))], judge
    )
    assert [f.by for f in found] == [NEAR, "the judge", "the judge"]
    assert judge.asked == [
        [(PASSAGE, PARAPHRASE), ("Else.", PARAPHRASE), (f"{PASSAGE} Else.", PARAPHRASE), (PASSAGE, PARAPHRASE)]
    ]


@pytest.mark.parametrize("sentence", ["Drones gather pollen.", "It feeds the queen.", "Worker bees feed 14 queens."])
def test_a_judge_is_not_asked_about_what_is_plainly_otherwise(sentence):
    judge = Says(True)
    assert one(sentence, judge).by is None and judge.asked == []


def test_nothing_is_confirmed_by_no_passage():
    assert one(NEARLY, Says(True), passages=()).by is None


def test_what_the_judge_could_not_be_asked_stays_open():
    found = one(PARAPHRASE, Says(None))
    assert found.by is None and found.is_open and "could not be asked" in found.reason


def test_a_title_lends_names_and_no_claim():
    titles = ("BuzzNet: Sorting bees by their hum",)
    assert one("Sorting bees by their hum.", titles=titles).by is None


def test_an_entailment_model_judges_by_its_probability():
    class Model:
        def scores(self, pairs):
            return np.array([0.9, 0.2], np.float32)

    assert EntailmentJudge("nli", Model()).supports([("a", "b"), ("c", "d")]) == [True, False]
