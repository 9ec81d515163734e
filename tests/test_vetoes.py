"""What refuses a sentence whoever confirms it, and what does not: on texts about bees, rivers and machines."""

import pytest

from app.verification.vetoes import vetoes


def kinds(sentence, *passages, names=()):
    return {objection.kind for objection in vetoes(sentence, passages, names)}


@pytest.mark.parametrize(
    "sentence, passage, kind",
    [
        ("A hive holds 14,000 bees.", "In summer a hive holds 40,000 bees.", "number"),
        ("Twelve hives were watched.", "Ten hives were watched.", "number"),
        ("Three weaknesses are named: cost and noise.", "The pumps have drawbacks.", "number"),
        ("It grew by 30 %.", "It grew by 30 points.", "number"),
        ("The pump was tested on RIV-9.", "The pump was tested on RIV-10.", "name"),
        ("Drones gather pollen.", "Drones do not gather pollen.", "negation"),
        ("Worker bees never feed the queen.", "Worker bees feed the queen.", "negation"),
        ("That the valve rattles was confirmed.", "Evidence that the valve rattles was lacking.", "negation"),
        ("The mills do not support barges.", "The mills rarely support barges.", "strength"),
        ("The pump lowers noise.", "The pump may lower noise.", "strength"),
        ("The valve has been tested.", "The valve remains to be tested.", "strength"),
        ("Filters are fit for mills.", "Work is needed to clarify whether filters are fit for mills.", "strength"),
        ("All rivers freeze.", "Rivers freeze in winter.", "strength"),
        ("The results prove that noise falls.", "The results suggest that noise falls.", "strength"),
        ("Rust causes leaks in old mills.", "Rust is associated with leaks in old mills.", "strength"),
        ("Bees possess a sting.", "Most bees possess a sting.", "strength"),
        ("Filters are cleaned after pumping.", "Filters are cleaned during pumping.", "order"),
        ("The key turns in the early stages.", "The key turns in the late stages.", "order"),
        ("Neural networks are biased toward noise.", "Convolutional neural networks are biased toward noise.", "scope"),
        ("Rivers cross mountains.", "Mountains cross rivers.", "role"),
        ("Leaks lead to rust.", "Rust leads to leaks.", "role"),
    ],
)
def test_what_is_plainly_otherwise_is_refused(sentence, passage, kind):
    assert kind in kinds(sentence, passage)


@pytest.mark.parametrize(
    "sentence, passage",
    [
        ("Two weaknesses are named.", "Existing pumps either leak or rattle."),
        ("Parameters are shared, and no more than that.", "They share parameters rather than pictures."),
        ("It needs expensive repairs.", "It requires costly repairs."),
        ("Noise fell significantly in mills.", "Noise significantly fell in mills."),
        ("The pump may lower noise.", "The pump lowers noise."),
        ("Noise is possibly lowered by the pump.", "The pump may lower noise."),
        ("Nobody knows yet which filters fit.", "Which filters fit remains to be tested."),
        ("Barges are seldom supported.", "The mills rarely support barges."),
        ("Mountains are crossed by rivers.", "Rivers cross mountains."),
        ("The networks are biased toward noise.", "Convolutional neural networks are biased toward noise."),
        ("Because of rust the mills leak.", "Due to rust the mills leak."),
        ("A hive of 40000 bees was seen.", "A hive of 40,000 bees was seen."),
        ("BuzzNet sorts bees.", "It sorts bees."),
    ],
)
def test_what_says_the_same_is_left_to_the_judge(sentence, passage):
    assert kinds(sentence, passage, names=("BuzzNet: A sorter",)) == set()


def test_the_reason_names_what_was_found():
    (objection,) = vetoes("A hive holds 14,000 bees.", ["A hive holds 40,000 bees."])
    assert "14,000" in objection.reason
