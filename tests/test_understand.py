"""Messages read with the packaged heads, on a corpus that is not the packaged one."""

import time

import pytest

import app.understanding.understand
from app.understanding.clarification import LABELS
from app.understanding.heads import TAGS, best_tags
from app.understanding.request import Known, Request, Run, State
from app.understanding.understand import understand

KNOWN = (Known("zebra", "ZebraNet: Tracking Herds"), Known("lion", "LionHeart: Roars at Night"))
RUN = Run("blend", "a house", (("photographic style", 0.5), ("digital illustration", 0.5)), "composable")
AFTER = State(runs=(RUN,), documents=KNOWN)
NOTHING = State(documents=KNOWN)


def shares(request: Request) -> dict[str, float]:
    return {style.text: round(style.share, 2) for style in request.styles}


@pytest.mark.parametrize(
    ("message", "styles", "subject"),
    [
        ("show me a cat as half pixel art half oil painting", {"pixel art": 0.5, "oil painting": 0.5}, "a cat"),
        (
            "Blend a photo with an illustration of a cat, 25 percent photo",
            {"photo": 0.25, "illustration": 0.75},
            "a cat",
        ),
        ("60/40 watercolor and oil painting, a boat", {"watercolor": 0.6, "oil painting": 0.4}, "a boat"),
        ("paint me a green tree in watercolor", {"watercolor": 1.0}, "a green tree"),
        ("a lighthouse in ukiyo-e and cyberpunk pls", {"ukiyo-e": 0.5, "cyberpunk": 0.5}, "a lighthouse"),
        ("mostly gouache with a touch of vellumism, a harbour", {"gouache": 0.8, "vellumism": 0.2}, "a harbour"),
    ],
)
def test_requests_for_a_picture(message, styles, subject):
    request = understand(message, NOTHING)
    assert request.kind == "render" and request.refusal is None
    assert shares(request) == styles and request.subject == subject


def test_a_documents_name_is_no_style():
    message = "BLEU on Fenland dev for Pebbleway"
    assert understand(message, State(documents=(Known("p", "Pebbleway"),))).kind == "ask"
    assert understand(message, NOTHING).kind == "render"  # where there is no document of that name


def test_a_whole_prompt_of_another_program_is_read():
    request = understand("(masterpiece:1.2), cat, watercolor AND pencil sketch, Steps: 20, Seed: 5", NOTHING)
    assert (request.kind, request.steps, request.seed, request.method) == ("render", 20, 5, "composable")
    assert shares(request) == {"watercolor": 0.5, "pencil sketch": 0.5} and request.notes


def test_unusable_shares_are_refused_with_the_reason_and_not_read_as_others():
    request = understand("Blend 150% watercolor and -50% pencil sketch of a cat", NOTHING)
    assert request.kind == "render" and "negative" in (request.refusal or "") and not request.styles


@pytest.mark.parametrize(
    ("message", "kind", "state"),
    [
        ("which styles can you draw?", "program", NOTHING),
        ("How do I set the weights here?", "program", NOTHING),
        ("How does ZebraNet track herds?", "ask", NOTHING),
        ("why do averaged styles look so dull?", "ask", NOTHING),
        ("where is the code of LionHeart?", "links", NOTHING),
        ("which of these has no paper?", "links", NOTHING),
        ("at which weight does watercolor turn into pixel art?", "experiment", NOTHING),
        ("thanks a lot!", "social", NOTHING),
        ("will it rain tomorrow in Oslo?", "foreign", NOTHING),
        ("why did it pick illustration over photo?", "run", AFTER),
        ("what about the layers?", "run", AFTER),
        ("make it two thirds illustration", "adjust", AFTER),
        ("same but with a cat", "adjust", AFTER),
        ("How does ZebraNet work?", "ask", AFTER),
        ("which of the two kept the house better?", "compare", State(runs=(RUN, RUN), documents=KNOWN)),
    ],
)
def test_kinds(message, kind, state):
    assert understand(message, state).kind == kind


@pytest.mark.parametrize("near", [("program", "ask"), ("ask", "program"), ("foreign", "program")])
def test_what_may_be_about_the_program_or_the_corpus_asks_the_corpus_first(near, monkeypatch):
    monkeypatch.setattr(app.understanding.understand, "_kind", lambda judged, state: (*near, 0.4))
    request = understand("does this thing phone home or is it all on my laptop?", NOTHING)
    assert request.kind in ("ask", "foreign") and (request.runner_up, request.fallback) == (None, "program")
    monkeypatch.undo()
    assert understand("How does ZebraNet track herds?", NOTHING).fallback is None


def test_a_change_is_applied_to_the_last_run():
    assert shares(understand("make it two thirds illustration", AFTER)) == {
        "photographic style": 0.33,
        "digital illustration": 0.67,
    }
    assert understand("same but with a cat", AFTER).subject == "a cat"


def test_an_experiment_is_named():
    assert understand("does the order of the styles matter? try it", NOTHING).experiment == "order"


def test_kinds_that_need_a_run_are_not_read_before_there_is_one():
    for message in ("which one won?", "make it darker", "what changed between them?"):
        assert understand(message, NOTHING).kind not in ("run", "adjust", "compare")


def test_documents_are_named_or_meant():
    assert understand("How does ZebraNet work?", NOTHING).documents == ("zebra",)
    request = understand("does it need collars?", State(spoken=("lion",), documents=KNOWN))
    assert request.documents == ("lion",) and request.question == "does LionHeart need collars?"


def test_what_is_called_it_after_an_answer_is_its_document():
    request = understand("so what does it do instead?", State(spoken=("lion",), documents=KNOWN))
    assert (request.kind, request.documents) == ("ask", ("lion",))


def test_a_choice_settles_what_was_asked_back():
    asked = Request(message="watercolor and ink", kind="ask", runner_up="render", question="watercolor and ink")
    request = understand(LABELS["render"], State(documents=KNOWN, open=asked))
    assert (request.kind, request.runner_up, shares(request)) == ("render", None, {"watercolor": 0.5, "ink": 0.5})
    assert understand("something else entirely, a lake please", State(open=asked)).message != asked.message


def test_any_message_is_read_and_in_time():
    for message in ("?", "a" * 4000, "half " * 800, "\u202e☃ 🙂", "(((", "1/2/3/4"):
        started = time.process_time()
        understand(message, AFTER)
        assert time.process_time() - started < 5, message[:20]


def test_no_tag_goes_on_that_did_not_begin():
    import numpy as np

    rng = np.random.default_rng(0)
    for _ in range(50):
        tags = best_tags(rng.normal(size=(12, len(TAGS))).astype(np.float32))
        for before, after in zip(["O", *tags], tags, strict=False):
            assert not after.startswith("I") or before[2:] == after[2:]


def test_an_article_alone_is_no_subject():
    message = "Draw a mushroom, mostly pencil sketch with a little oil painting"
    assert understand(message, NOTHING).subject == "a mushroom"


def test_how_a_share_is_to_grow_is_no_part_of_a_style():
    read = understand("raise the share of watercolor bit by bit against pencil sketch", NOTHING)
    assert [style.text for style in read.styles] == ["watercolor", "pencil sketch"]
