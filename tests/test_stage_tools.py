"""The tools that show single stages of a workflow: what goes into it, and what comes out."""

import json

import numpy as np
import pytest
from langchain_core.tools import ToolException
from PIL import Image

from app.answering.workflow import runs_of
from tests.tiny import SIZE_PX, tiny_folder
from tools.registry import TOOLS, run_tool
from tools.specs import ToolContext

REFERENCE = {
    "subject": "a red house",
    "styles": [],
    "method": "reference",
    "references": [{"prompt": "a blue boat, watercolor"}],
    "steps": 3,
    "seed": 2,
}
ARTISTS, WORKS = 3, 4


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_folder(tmp_path_factory.mktemp("stages")))


@pytest.fixture
def aligned(tmp_path):
    """A finished alignment: before it every artist's pictures lie apart, after it together."""
    artists = np.repeat(np.arange(ARTISTS), WORKS)
    before = np.eye(ARTISTS * WORKS, dtype=np.float16)
    tiles = np.full((ARTISTS * WORKS, 8, 8, 3), 128, np.uint8)
    folder = tmp_path / "aligned"
    folder.mkdir()
    vectors = np.eye(ARTISTS, dtype=np.float16)[artists]
    np.savez(folder / "gallery.npz", before=before, vectors=vectors, artists=artists, tiles=tiles)
    return folder


def test_a_reference_is_shown_by_itself_and_its_swap_off_and_on(model, tmp_path):
    calls = runs_of({"tool": "blend_styles", "arguments": REFERENCE})
    assert {stage: call["tool"] for stage, call in calls.items()} == {
        "input": "show_swap",
        "model": "blend_styles",
        "output": "show_swap",
    }
    shown = {}
    for stage, call in calls.items():
        folder = tmp_path / "renders" / stage
        _, artifact = run_tool(call["tool"], call["arguments"], ToolContext(None, model, folder))
        json.dumps(artifact)
        shown |= {f"{stage} {file.name}": np.asarray(Image.open(file)) for file in folder.glob("*.png")}
        for picture in (one for row in artifact.get("rows", ()) for one in row["pictures"]):
            assert shown[f"{stage} {picture['file']}"].shape == (SIZE_PX, SIZE_PX, 3)
    for name in ("reference.png", "without_reference.png", "image.png"):  # what the render itself has
        assert (shown[f"output {name}"] == shown[f"model {name}"]).all()
    assert (shown["output image.png"] != shown["output without_reference.png"]).any()


def test_what_cannot_be_swapped_is_one_line(model, tmp_path):
    context = ToolContext(None, model, tmp_path / "renders" / "run")
    for change, said in [({"references": []}, "0 references"), ({"references": [{"image": "0" * 32}]}, "choose")]:
        with pytest.raises(ToolException, match=said):
            run_tool("show_swap", {**REFERENCE, **change}, context)


def test_drawn_artists_draw_the_same_scenes_by_their_seed(tmp_path):
    walls = []
    for name, seed in (("first", 0), ("other", 1)):
        _, artifact = run_tool("draw_artists", {"seed": seed}, ToolContext(None, "", tmp_path / name))
        walls.append(np.asarray(Image.open(tmp_path / name / artifact["figure"])))
    assert walls[0].shape == walls[1].shape and (walls[0] != walls[1]).any()


def test_after_the_alignment_works_of_the_same_artist_are_found(aligned, tmp_path):
    context = ToolContext(None, "", tmp_path / "found", upstream=(tmp_path, aligned))
    text, artifact = run_tool("find_work", {"seed": 0}, context)
    json.dumps(artifact)
    before, after = artifact["rows"]
    assert [one["label"] for one in after["pictures"][:4]] == [
        "looked for, artist 1", "1, artist 1", "2, artist 1", "3, artist 1"
    ]  # fmt: skip
    assert len(before["pictures"]) == len(after["pictures"]) == 6
    assert all((tmp_path / "found" / one["file"]).is_file() for row in (before, after) for one in row["pictures"])
    assert text == artifact["verdict"] and "over all 12 pictures it is 60%" in text


def test_before_the_alignment_it_says_what_to_run_first(tmp_path):
    with pytest.raises(ToolException, match="run the stage “model” first"):
        run_tool("find_work", {}, ToolContext(None, "", tmp_path))


def test_each_stage_of_a_tools_workflow_is_a_call_that_a_tool_takes():
    for spec in TOOLS.values():
        if spec.shows is None:
            continue
        for call in runs_of({"tool": spec.name, "arguments": dict(spec.shows.example)}).values():
            TOOLS[call["tool"]].arguments.model_validate(call["arguments"])
            assert set(call["arguments"]) <= set(TOOLS[call["tool"]].arguments.model_fields)
