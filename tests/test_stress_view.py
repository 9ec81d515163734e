"""What the stress view shows of a run, and its form."""

from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.ui.stress_view import alphas_of, stress_data
from tools.registry import run_tool
from tools.specs import ToolContext


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home") / "renders" / "run-1"
    arguments = {"subject": "cat", "restyle_with": ["watercolor", "oil painting"], "alphas": [1.0, 0.5]}
    _, artifact = run_tool("stress_picture", arguments, ToolContext(None, "embedded", folder))
    return folder, artifact


def test_strengths_begin_with_the_picture_itself():
    assert alphas_of([1.0, 0.5]) == ([0.0, 0.5, 1.0], [None, 1, 0])
    assert alphas_of([0.0, 1.0]) == ([0.0, 1.0], [0, 1])


def test_the_view_shows_what_was_measured(run):
    folder, artifact = run
    data = stress_data(folder, artifact)
    assert data["alphas"] == [0.0, 0.5, 1.0]
    assert [style["name"] for style in data["styles"]] == ["watercolor", "oil painting"]
    assert all(len(style["frames"]) == 3 and style["frames"][0] == data["picture"] for style in data["styles"])
    for one in data["classifiers"]:
        told = artifact["classifiers"][one["name"]]
        assert one["cells"][1][2]["answer"] == told["given"][1][0]  # alpha 1 was given first
        assert one["cells"][1][1]["kept"] == told["first_kept"][1][1]
        assert one["cells"][0][0]["answer"] == told["first"]["answer"] and not one["cells"][0][0]["flipped"]
        assert one["changed"] == int(np.sum(told["flipped"])) and one["of"] == 4
        assert len(one["wsam"]) == 64 and max(one["wsam"]) == pytest.approx(1, abs=1e-3)
        assert np.allclose(np.add(one["shift"], one["spread"]), one["wsam"], atol=2e-3)


def drawn(result):
    def page(result):
        from app.ui.stress_view import show_stress

        show_stress("key", result)

    return AppTest.from_function(page, args=(result,), default_timeout=60).run()


def test_a_run_is_drawn_with_its_notes_and_its_basis(run):
    _, artifact = run
    at = drawn({**artifact, "notes": ["A <b>note</b>."]})
    assert not at.exception
    assert any("note" in caption.value and "<b>" not in caption.value for caption in at.caption)


def test_a_run_whose_files_are_gone_says_so(run, tmp_path):
    _, artifact = run
    at = drawn({**artifact, "folder": str(tmp_path)})
    assert [caption.value for caption in at.caption] == ["The files of this run were deleted."]


def test_the_form_queues_what_it_is_set_to():
    submitted = []
    queue = SimpleNamespace(folder=None, submit=lambda *given: submitted.append(given), latest=lambda *_: None)

    def page(queue):
        from app.conversation.transcripts import Proposal
        from app.ui.proposal_card import Card
        from app.ui.stress_form import show_stress_form

        show_stress_form(queue, Card("talk", Proposal("c1", "stress_picture", {"subject": "cat"}), None, None))

    at = AppTest.from_function(page, args=(queue,), default_timeout=60).run()
    at.selectbox(key="subject c1").set_value("boat")
    at.multiselect(key="styles c1").set_value(["watercolor"])
    at.selectbox(key="classifier c1").set_value("both")
    at.button(key="render c1").click().run()
    assert not at.exception
    ((talk, call_id, tool, arguments),) = submitted
    assert (talk, call_id, tool) == ("talk", "c1", "stress_picture")
    assert arguments["subject"] == "boat" and arguments["picture"] is None
    assert arguments["restyle_with"] == ["watercolor"] and arguments["classifier"] == "both"
