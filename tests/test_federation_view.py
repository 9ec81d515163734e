"""The alignment on the page: what a run measures, its bars, map and table, and a person's own pictures."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from app.answering.shown import shown_by
from app.answers import Citation, Sentence
from app.ui.federation_view import bars_of, map_of, tiles_of
from app.ui.own_pictures import read_uploads
from tools.registry import TOOLS
from tools.style_search import report
from tools.style_search.client import Client
from tools.style_search.demonstration import draw_studio
from tools.style_search.encoder import load_encoder
from tools.style_search.hands import draw_scenes
from tools.style_search.public import load_public


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run that is short: few scenes, each drawn several times over, and few steps."""
    folder = tmp_path_factory.mktemp("renders") / "20260101-000000-abc"
    plain = draw_scenes(0, 8)[np.arange(48) % 8]
    patch = pytest.MonkeyPatch()

    class Artists:
        def __init__(self, works):
            self.fits = [Client(one, load_public()).fit for one in works]

        def __enter__(self):
            return self.fits

        def __exit__(self, *_):
            pass

    short = {
        name: report.replace(one, rounds=min(1, one.rounds), aligns=one.aligns // 10)
        for name, one in report.ALGORITHMS.items()
    }
    patch.setattr(report, "ALGORITHMS", short)
    patch.setattr(report, "artists_process", Artists)
    patch.setattr(report, "draw_studio", lambda e, seed, on_step: draw_studio(e, seed, plain, on_step))
    steps = []
    torch.set_num_threads(1)
    found = report.demonstrate(load_encoder(), load_public(), 0, 0.05, folder, lambda *step: steps.append(step))
    patch.undo()
    return {**found, "folder": str(folder), "run_id": folder.name}, steps


def test_a_run_measures_and_writes_what_the_page_shows(ran):
    found, steps = ran
    assert found["bars"][0]["name"] == report.BEFORE and len(found["bars"]) == 5
    assert all(0 <= bar["seen"]["precision"] <= 1 for bar in found["bars"])
    assert steps[-1][0] == steps[-1][1] == len({step[0] for step in steps})
    style = sum(row["bytes"] for row in found["left"] if row["what"] == "abstract style")
    assert style == 4 * (3 * 534 + 8 * 534 + 8 - 534) and style <= 25_000
    assert json.loads(json.dumps(found)) and [one["noise"] for one in found["membership"]] == [0.05, 0.0]
    assert f"{found['bars'][2]['seen']['precision']:.0%}" in found["verdict"]


def test_the_verdict_and_the_facts_say_the_figures(ran):
    found, _ = ran
    told = " ".join(fact["text"] for fact in found["facts"])
    assert (
        f"AUC of {found['membership'][0]['mean']:.2f}" in told and "noise of 0.05" in told and "without noise" in told
    )
    assert "21.4 kB" in told and "reconstruction" in found["about"]


def test_bars_and_map_are_drawn_of_what_was_measured(ran):
    found, _ = ran
    bars = bars_of(found)
    assert bars["rows"][0] == [found["bars"][0]["seen"]["precision"], found["bars"][0]["unseen"]["precision"]]
    gallery = Path(found["folder"]) / "gallery.npz"
    assert len(tiles_of(gallery)) == len(found["map"]) == 288
    spec = map_of(found, gallery).to_dict()
    assert spec["facet"]["column"]["field"] == "when"
    data = next(iter(spec["datasets"].values()))
    assert len(data) == 2 * 288 and data[0]["image"].startswith("data:image/webp;base64,")


def page(result):
    from app.ui.federation_view import show_federation

    show_federation("k", result)


def test_the_result_stands_on_the_page_with_what_it_is(ran):
    found, _ = ran
    drawn = AppTest.from_function(page, args=(found,), default_timeout=60).run()
    assert not drawn.exception
    assert any(found["verdict"][:20] in one.value for one in drawn.markdown)
    assert any("reconstruction" in one.value for one in drawn.caption)
    gone = AppTest.from_function(page, args=({**found, "folder": "/nowhere"},), default_timeout=60).run()
    assert "deleted" in gone.caption[0].value and not gone.exception


def test_uploads_are_read_once_each_and_refused_in_one_line():
    file = io.BytesIO()
    Image.new("RGB", (80, 80), "red").save(file, "PNG")
    pictures, refused = read_uploads([("a.png", file.getvalue()), ("b.png", file.getvalue()), ("c.png", b"none")])
    assert len(pictures) == 1 and len(refused) == 1 and refused[0].startswith("c.png: ")


def own(folder, count):
    from pathlib import Path

    import numpy as np
    from PIL import Image

    from app.ui.own_pictures import show_nearest_artists, show_what_would_leave

    with np.load(Path(folder) / "gallery.npz") as held:
        pictures = [Image.fromarray(tile).resize((128, 128)) for tile in held["tiles"][:count]]
    show_what_would_leave(show_nearest_artists("k", Path(folder), pictures))


def test_own_pictures_find_their_nearest_and_what_would_leave_is_shown(ran):
    found, _ = ran
    drawn = AppTest.from_function(own, args=(found["folder"], 3), default_timeout=60).run()
    assert not drawn.exception and "3 works are too few" in drawn.caption[0].value
    drawn = AppTest.from_function(own, args=(found["folder"], 12), default_timeout=60).run()
    assert not drawn.exception and "21,392 bytes" in drawn.caption[0].value


def claim(text):
    return Sentence(text, "claim", (Citation("d", 0, len(text), text),))


@pytest.mark.parametrize(
    "text",
    [
        "Every painter trains a model of their own style at home and shares what it learned with the server, "
        "so no artwork leaves the artist.",
        "Artists keep their pictures and share an abstract style representation.",
    ],
)
def test_a_claim_of_any_text_that_speaks_of_it_offers_the_run(text):
    assert shown_by(claim(text)) == "align_styles"


@pytest.mark.parametrize(
    "text",
    [
        "The server shares the patients' records with every hospital.",
        "During the denoising process, the key and value are swapped with those of a reference.",
        "Artists of the period preferred oil to watercolour.",
    ],
)
def test_other_claims_do_not(text):
    assert shown_by(claim(text)) != "align_styles"


def test_the_tool_is_a_click_that_can_be_typed():
    spec = TOOLS["align_styles"]
    command = spec.command({"seed": 2, "noise": 0.1})
    assert spec.needs_approval and command.startswith("python -m tools federate --seed 2 --noise 0.1")
