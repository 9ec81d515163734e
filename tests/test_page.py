"""The page without a browser: what it shows and what a click does."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from app import application as undertone_module
from app.answering.starters import SEED_QUESTION
from app.conversation.feedback import Feedback
from app.conversation.transcripts import read_transcript
from app.settings import read_settings
from app.ui.answer import PASSAGE
from app.ui.blend_form import whole_shares
from app.ui.dialogs import OPEN

PAGE = str(Path(__file__).resolve().parent.parent / "app" / "page.py")
TIMEOUT_S = 120


def fake_run(name, arguments, context):
    return (fake_experiment if name == "run_experiment" else fake_render)(arguments, context.folder, context.on_step)


def fake_render(arguments, folder, on_step):
    """A render without an image model: a grey picture after four quick steps."""
    if arguments["subject"] == "fail":
        raise RuntimeError("no image model here; get one")
    image = Image.fromarray(np.full((64, 64, 3), 128, np.uint8))
    for step in range(1, 5):
        on_step(step, 4, lambda: image)
    folder.mkdir(parents=True, exist_ok=True)
    image.save(folder / "image.png")
    request = {**arguments, "shares": [style["weight"] for style in arguments["styles"]]}
    record = {"requests": [request]}
    return "rendered", {"run_id": folder.name, "folder": str(folder), "record": record, "measurements": {}}


@pytest.fixture
def home(seed_home, tmp_path):
    return shutil.copytree(seed_home, tmp_path / "home")


@pytest.fixture
def page(home, monkeypatch):
    """The page over a home of its own, drawn once."""
    monkeypatch.setenv("UNDERTONE_HOME", str(home))
    monkeypatch.setattr(undertone_module, "run_tool", fake_run)
    st.cache_resource.clear()
    yield AppTest.from_file(PAGE, default_timeout=TIMEOUT_S).run()
    st.cache_resource.clear()


def test_where_the_server_asks_who_it_is_nobody_sees_the_page_before_logging_in(page, home):
    kept = AppTest.from_file(PAGE, default_timeout=TIMEOUT_S)
    kept.secrets["auth"] = {"redirect_uri": "https://undertone.example.org/oauth2callback", "cookie_secret": "x"}
    kept.run()
    assert not kept.exception
    assert [button.label for button in kept.button] == ["Log in"] and not kept.chat_input
    assert page.chat_input


def ask(page, question):
    page.chat_input[0].set_value(question).run()
    assert not page.exception
    return page


def words(page):
    told = [run["text"] for sentence in sentences(page) for run in sentence["runs"]]
    return " ".join([*(block.value for block in page.markdown), *told]).replace("\\", "")


def components(page, part):
    """What the page's components of one kind are given to show."""
    given = (json.loads(component.proto.json) for component in page.get("bidi_component") if component.proto.json)
    return [data for data in given if part in data]


def sentences(page):
    paragraphs = [paragraph for data in components(page, "paragraphs") for paragraph in data["paragraphs"]]
    return [sentence for paragraph in paragraphs for sentence in paragraph["sentences"]]


def pictures(page):
    """The alternative texts of the pictures that were rendered."""
    rendered = [frame["alt"] for data in components(page, "frames") for frame in data["frames"]]
    return rendered + [one["alt"] for data in components(page, "pictures") for one in data["pictures"]]


def open_details(page, name):
    """Open what stands closed below the first result, and look into each of its tabs."""
    ids = [component.proto.id for component in page.get("bidi_component")]
    key = next(re.search("(?:player|strip)-(.+)", one)[1] for one in ids if re.search("(player|strip)-", one))
    page.session_state[f"{name}-{key}"] = True
    page.run()
    for label in [tab.label for tab in page.tabs]:
        page.session_state[f"tabs-{key}"] = label
        page.run()
        yield label


def marks(page):
    return [mark for sentence in sentences(page) for mark in sentence["marks"]]


def buttons(page, start):
    return [button for button in page.button if (button.key or "").startswith(start)]


def rendered(page):
    """Run the page until its render is there."""
    deadline = time.monotonic() + TIMEOUT_S
    while any("Cancel" in button.label for button in page.button) or not page.button:
        assert time.monotonic() < deadline
        time.sleep(0.2)
        page.run()
    return page.run()


def test_the_empty_page_offers_the_seed_question_first(page):
    assert page.title[0].value == "Undertone"
    assert buttons(page, "starter")[0].label.replace("\\", "") == SEED_QUESTION
    assert "Corpus (4 documents)" in [expander.label for expander in page.sidebar.expander]


def test_a_starter_is_answered_with_marks_sources_and_a_card(page):
    buttons(page, "starter")[0].click().run()
    assert not page.exception
    assert [heading.value for heading in page.subheader][:3] == ["In short", "Task", "Workflow"]
    assert len(marks(page)) > 5
    (workflow,) = components(page, "stages")
    assert [stage["name"] for stage in workflow["stages"]] == ["input", "model", "output"]
    assert [stage["run"] and stage["run"]["state"] for stage in workflow["stages"]] == ["idle"] * 3
    assert "http://arxiv.org/pdf/2402.12974v2.pdf" in words(page)
    assert "no paper given" in words(page)
    assert [slider.value for slider in page.slider] == [50, 50]
    assert buttons(page, "render")
    assert page.query_params["c"]


def test_a_conversation_is_reopened_by_its_address(page):
    ask(page, "What is FedStyle?")
    again = AppTest.from_file(PAGE, default_timeout=TIMEOUT_S)
    again.query_params["c"] = page.query_params["c"]
    again.run()
    assert "What is FedStyle?" in words(again)
    assert len(again.chat_message) == len(page.chat_message)


def test_a_follow_up_says_what_was_searched_for(page):
    ask(page, "How does Visual Style Prompting work?")
    ask(page, "and in which layers?")
    assert "late self-attention layers" in words(page)
    assert any(caption.value.startswith("Searched for") for caption in page.caption)


def test_a_question_is_edited_and_asked_again_in_a_branch(page):
    ask(page, "What is FedStyle?")
    ask(page, "What is WSAM?")
    first = page.query_params["c"]
    buttons(page, "edit ")[-1].click().run()
    assert page.text_area[0].value == "What is WSAM?"
    page.text_area[0].set_value("What is Visual Style Prompting?")
    buttons(page, "ask anew")[0].click().run()
    assert not page.exception
    assert page.query_params["c"] != first
    assert "What is FedStyle?" in words(page) and "What is WSAM?" not in words(page)
    again = AppTest.from_file(PAGE, default_timeout=TIMEOUT_S)
    again.query_params["c"] = first
    assert "What is WSAM?" in words(again.run()), "the first conversation stays as it was"


def test_a_suggestion_is_asked_by_a_click(page):
    ask(page, SEED_QUESTION)
    suggestion = next(button for button in page.main.button if button.label.startswith("Now 80"))
    label = suggestion.label.replace("\\", "")
    suggestion.click().run()
    assert not page.exception
    assert [message for message in page.chat_message if message.name == "user"][-1].markdown[0].value.replace(
        "\\", ""
    ) == label


def test_a_question_about_something_else_is_refused_without_a_source(page):
    ask(page, "How long do I have to boil an egg?")
    assert marks(page) == []
    assert not any("Sources" in expander.label for expander in page.main.expander)


def test_the_sliders_sum_to_one_hundred(page):
    ask(page, SEED_QUESTION)
    page.slider[0].set_value(80).run()
    assert [slider.value for slider in page.slider] == [80, 20]
    assert any("80 % photographic style + 20 % digital illustration = 100 %" in c.value for c in page.caption)


def test_render_shows_the_image_and_the_conversation_goes_on(page):
    ask(page, SEED_QUESTION)
    page.slider[1].set_value(80).run()
    buttons(page, "render")[0].click().run()
    rendered(page)
    assert not page.exception
    assert len(pictures(page)) == 1
    assert "Render again" in [button.label for button in buttons(page, "render")]
    (workflow,) = components(page, "stages")
    assert [stage["run"] and stage["run"]["state"] for stage in workflow["stages"]] == ["idle", "done", "idle"]
    page.slider[1].set_value(70).run()
    assert components(page, "stages")[0]["stages"][1]["run"]["state"] == "stale"
    assert page.get("download_button") == []
    assert [name for name in open_details(page, "measured") if page.get("download_button")] == ["Record"]
    ask(page, "What is FedStyle?")
    assert len(pictures(page)) == 1


def test_two_runs_are_laid_side_by_side(page):
    ask(page, SEED_QUESTION)
    buttons(page, "render")[0].click().run()
    rendered(page)
    assert buttons(page, "compare") == [], "there is no run before the first"
    page.slider[0].set_value(80).run()
    buttons(page, "render")[0].click().run()
    rendered(page)
    buttons(page, "compare")[0].click().run()
    assert not page.exception
    assert "What changed" in words(page)
    assert "80% photographic style + 20% digital illustration" in str(page.table[0].value)


def test_a_card_can_still_be_rendered_after_the_conversation_went_on(page):
    ask(page, SEED_QUESTION)
    ask(page, "What is FedStyle?")
    assert pictures(page) == []
    buttons(page, "render")[0].click().run()
    rendered(page)
    assert len(pictures(page)) == 1


def fake_experiment(arguments, folder, on_step):
    """An experiment without an image model: grey pictures, one fact, a figure of each kind."""
    on_step(1, 1, lambda: Image.new("RGB", (8, 8)))
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for number in range(arguments["more"]["points"]):
        name = f"{number:02d}-point.png"
        Image.new("RGB", (64, 64)).save(folder / name)
        pictures.append({"label": f"{number} %", "file": name, "styles": [], "shares": []})
    Image.new("RGB", (64, 64)).save(folder / "figure.png")
    figures = [
        {
            **{"id": kind, "title": f"As {kind}", "kind": kind, "along": along, "along_title": "weight"},
            **{"names": ["a", "b"], "rows": [[0.1, None]] * 2, "measure": "share", "percent": True},
            "marks": [{"start": 0, "end": 1, "label": "jump"}] if kind == "lines" else [],
            **{"shows": "something.", "does_not_show": "more."},
        }
        for kind, along in (("lines", [0, 1]), ("bars", ["x", "y"]), ("table", ["x", "y"]))
    ]
    return "found", {
        "run_id": folder.name,
        "folder": str(folder),
        "record": {"requests": []},
        "question": "At which weight does it turn?",
        "verdict": "It turns at about 40 %.",
        "basis": {"sentence": "Rests on 5 pictures."},
        "pictures": pictures,
        "facts": [{"topic": "flip", "text": "It turns between 39 and 40 %.", "figure": "lines", "numbers": {}}],
        "figures": figures,
    }


def test_a_sweep_shows_its_verdict_pictures_and_figures_and_leaves_the_proposal(page):
    ask(page, SEED_QUESTION)
    next(number for number in page.number_input if number.label == "Sweep points").set_value(5)
    buttons(page, "sweep")[0].click().run()
    rendered(page)
    assert not page.exception
    assert len(pictures(page)) == 5
    assert [data["verdict"] for data in components(page, "verdict")] == ["It turns at about 40 %."]
    assert "It turns at about 40 %." not in words(page), "the answer below repeats the verdict"
    drawn = {name: len(page.get("vega_lite_chart")) for name in open_details(page, "found")}
    assert drawn == {"Facts": 0, "Figures": 3, "Record": 0}
    ask(page, "What is FedStyle?")
    assert len(pictures(page)) == 5
    buttons(page, "render")[0].click().run()
    rendered(page)
    assert len(pictures(page)) == 6


def test_a_proposal_can_be_declined_and_still_be_rendered_later(page):
    ask(page, SEED_QUESTION)
    buttons(page, "decline")[0].click().run()
    assert not page.exception
    assert "Not run, as you wished" in words(page)
    assert buttons(page, "decline") == []
    buttons(page, "render")[0].click().run()
    rendered(page)
    assert len(pictures(page)) == 1


def test_a_render_takes_what_was_set_with_the_same_click(page, home):
    ask(page, SEED_QUESTION)
    next(number for number in page.number_input if number.label == "Steps").set_value(60)
    buttons(page, "render")[0].click().run()
    rendered(page)
    jobs = [json.loads(file.read_text("utf-8")) for file in home.glob("renders/*/job.json")]
    assert [job["arguments"]["steps"] for job in jobs] == [60]


def test_an_address_that_is_behind_does_not_close_what_was_just_opened(page):
    ask(page, "What is FedStyle?")
    opened = page.query_params["c"]
    page.query_params.clear()  # the browser had not yet heard of it
    page.session_state["has_caught_up"] = False
    page.run()
    assert page.query_params["c"] == opened
    page.run()
    page.query_params.clear()  # the back button
    page.run()
    assert buttons(page, "starter")


def test_a_render_that_fails_says_why_on_its_card(page):
    ask(page, SEED_QUESTION)
    page.text_input[0].set_value("fail").run()
    buttons(page, "render")[0].click().run()
    rendered(page)
    assert [error.value.replace("\\", "") for error in page.error] == ["no image model here; get one"]
    assert buttons(page, "render")[0].label == "Render again"


def test_a_conversation_that_is_gone_is_said_to_be(page):
    page.query_params["c"] = "nowhere"
    page.run()
    assert "not there any more" in page.warning[0].value
    assert buttons(page, "starter")


def test_an_engine_that_cannot_be_used_is_one_line(page, monkeypatch):
    monkeypatch.setenv("UNDERTONE_CHAT_MODEL", "nobody:gpt-9")
    st.cache_resource.clear()
    page.run()
    assert not page.exception
    assert "nobody:gpt-9 cannot be opened" in page.error[0].value.replace("\\", "")


@pytest.mark.parametrize("weights", [[0.5, 0.5], [1, 1, 1], [0, 0], [7, 0, 2], [0.333, 0.667], [1]])
def test_shares_are_whole_percent_that_sum_to_one_hundred(weights):
    shares = whole_shares(weights)
    assert sum(shares) == 100 and all(share >= 0 for share in shares)
    total = sum(weights) or len(weights)
    exact = [100 * (weight if sum(weights) else 1) / total for weight in weights]
    assert all(abs(share - e) < 1 for share, e in zip(shares, exact, strict=True))


def test_thumbs_are_kept_with_a_comment_and_shown_again(page, tmp_path):
    ask(page, "What is FedStyle?")
    (thumbs,) = page.get("feedback")
    thumbs.set_value(0).run()
    comment = next(box for box in page.text_input if box.key.startswith("comment-"))
    comment.set_value("too short").run()
    feedback = Feedback(tmp_path / "home" / "feedback.sqlite")
    (line,) = feedback.export()
    assert (line["rating"], line["comment"], line["question"]) == ("down", "too short", "What is FedStyle?")
    assert line["documents"] == ["fedstyle"]
    again = AppTest.from_file(PAGE, default_timeout=TIMEOUT_S)
    again.query_params["c"] = page.query_params["c"]
    again.run()
    assert [widget.value for widget in again.get("feedback")] == [0]


def conversation_of(page):
    given = page.query_params["c"]
    return given if isinstance(given, str) else given[0]


def open_the_first_citation(page):
    """As a click on its mark does; only a browser has marks to click."""
    messages = undertone_module.open_undertone(read_settings(), keep=True).chat.messages(conversation_of(page))
    entry = next(entry for entry in read_transcript(messages) if entry.answer)
    page.session_state[OPEN] = (PASSAGE, entry.key, entry.answer.citations[:1])
    page.run()


def test_a_citation_is_reported_from_its_passage(page, tmp_path):
    ask(page, "What is FedStyle?")
    open_the_first_citation(page)
    box = next(box for box in page.text_input if box.key.startswith("report-comment-"))
    box.set_value("says something else")
    next(iter(buttons(page, "report-"))).click().run()
    assert not page.exception
    (line,) = Feedback(tmp_path / "home" / "feedback.sqlite").export()
    assert (line["kind"], line["comment"], line["documents"]) == ("citation", "says something else", ["fedstyle"])
    told = [sentence["text"] for section in line["answer"]["sections"] for sentence in section["sentences"]]
    assert any(line["passages"][0]["quote"] in text for text in told)
