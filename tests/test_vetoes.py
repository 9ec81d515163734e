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
        ("Four weaknesses are named.", "In mills, which are old, pumps leak, as is known.", "number"),
        ("It grew by 30 %.", "It grew by 30 points.", "number"),
        ("The filter halves the noise.", "The filter lowers the noise.", "number"),
        ("A dozen hives were watched.", "Several hives were watched.", "number"),
        ("A third of the mills leak.", "Some of the mills leak.", "number"),
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
        ("Old mills leak due to rust.", "Rust is feared due to the leaks of old mills.", "role"),
        ("The mill leaks because a child left.", "The mill leaks.", "strength"),
        ("They share pictures rather than parameters.", "They share parameters rather than pictures.", "role"),
        ("It keeps rivers warm in summer and mills cold.", "It keeps mills warm in summer and rivers cold.", "role"),
        ("Wax is common in old hives.", "Wax is common in new hives but rare in old hives.", "role"),
        ("Rust was found by inspectors in the barges.", "Rust was found by inspectors in the mills.", "name"),
        ("The manual of the pump is linked.", "Pump: RIV-9 Manual: none", "negation"),
        (
            "Drones do not feed the queen, and workers rarely sting.",
            "Drones feed the queen, yet workers rarely sting.",
            "negation",
        ),
        ("The Silent Mill Method lowers noise.", "The filter lowers noise.", "name"),
        ("Some of the mills leak.", "All mills leak.", "strength"),
        ("The pump is the most silent one.", "The pump is silent.", "strength"),
        ("The filter removes noise altogether.", "The filter addresses noise.", "strength"),
    ],
)
def test_what_is_plainly_otherwise_is_refused(sentence, passage, kind):
    assert kind in kinds(sentence, passage)


@pytest.mark.parametrize(
    "sentence, passage",
    [
        ("Two weaknesses are named.", "Existing pumps either leak or rattle."),
        ("Three weaknesses are named.", "Existing pumps leak, rattle and break."),
        ("Noise doubled in mills.", "In mills noise was two times as loud."),
        ("Half of the mills leak.", "Of the mills 50 % leak."),
        ("A dozen hives were watched.", "Twelve hives were watched."),
        ("A third filter was added.", "Another filter was added."),
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
        ("Pictures stay where they are and parameters are shared.", "They share parameters rather than pictures."),
        ("Old hives hold less wax than new ones.", "Wax is common in new hives but rare in old hives."),
        ("Bees, wasps and ants were watched.", "Ants, wasps and bees were watched."),
        ("In the quiet domain of hives, bees are watched.", "Bees are watched in the quiet domain of hives."),
        ("A filter is added, so that noise falls.", "To lower noise a filter is added."),
        ("Mills are either old or new.", "Either mills are old or new."),
    ],
)
def test_what_says_the_same_is_left_to_the_judge(sentence, passage):
    assert kinds(sentence, passage, names=("BuzzNet: A sorter",)) == set()


def test_the_reason_names_what_was_found():
    (objection,) = vetoes("A hive holds 14,000 bees.", ["A hive holds 40,000 bees."])
    assert "14,000" in objection.reason
