"""The command line of the tools: what it writes, says and returns."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.tiny import tiny_folder
from tools.__main__ import main

PHOTO, ILLUSTRATION = "photographic style", "digital illustration"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_folder(tmp_path_factory.mktemp("main")))


def blend_arguments(model, out, *more):
    styles = ["--style", f"{PHOTO}=1", "--style", f"{ILLUSTRATION}=3"]
    return [
        "blend",
        "--subject",
        "a red house",
        *styles,
        "--steps",
        "3",
        "--image-model",
        model,
        "--out",
        str(out),
        *more,
    ]


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def failure(capsys, *arguments):
    try:
        status, out, err = run(capsys, *arguments)
    except SystemExit as exit:  # argparse
        status, (out, err) = exit.code, capsys.readouterr()
    assert status == 2 and out == "" and err.count("\n") == 1, err
    return err


def test_blend_writes_image_record_and_measurements(model, tmp_path, capsys):
    status, out, _ = run(capsys, *blend_arguments(model, tmp_path / "new"))
    assert status == 0
    assert out.startswith('Rendered "a red house" as 25% "photographic style" and 75% "digital illustration"')
    assert Image.open(tmp_path / "new" / "image.png").size == (64, 64)
    record = json.loads((tmp_path / "new" / "record.json").read_text())
    assert record["requests"][0]["shares"] == [0.25, 0.75] and record["requests"][0]["method"] == "composable"
    assert json.loads((tmp_path / "new" / "measurements.json").read_text())["parameters"]["unchanged"]


def test_blend_in_json(model, tmp_path, capsys):
    status, out, err = run(capsys, *blend_arguments(model, tmp_path, "--json", "--explain", "--method", "embedding"))
    found = json.loads(out)
    assert status == 0 and found["status"] == "rendered" and err == ""
    steps = {"steps", "steps-1", "steps-2"}
    assert set(found["files"]) == {"image", "record", "measurements", "arrays", *steps}
    assert len(found["measurements"]["images"][0]["left_out"]) == 2


def test_sweep_writes_a_strip_the_points_and_one_record(model, tmp_path, capsys):
    status, _, _ = run(
        capsys, "sweep", "--subject", "a red house", "--from", PHOTO, "--to", ILLUSTRATION, "--points", 5,
        "--steps", 3, "--image-model", model, "--out", tmp_path,
    )  # fmt: skip
    assert status == 0
    points = sorted(tmp_path.glob("point-*.png"))
    assert [p.name for p in points] == [f"point-0{i}-{i / 4:.3f}.png" for i in range(5)]
    assert Image.open(tmp_path / "sweep.png").width > 5 * 64
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["kind"] == "sweep" and record["files"] == [p.name for p in points]
    assert {r["seed"] for r in record["requests"]} == {0}
    curves = json.loads((tmp_path / "curves.json").read_text())
    assert curves["weights"] == [0, 0.25, 0.5, 0.75, 1]
    assert curves["distance_from_start"][0] == 0 and curves["distance_from_start"][-1] == pytest.approx(1)
    assert curves["distance_from_end"][0] == pytest.approx(1) and curves["distance_from_end"][-1] == 0
    assert curves["style_probability"]["by"] == "diffusion classifier"
    assert np.allclose(np.sum(curves["style_probability"]["values"], axis=1), 1, atol=1e-4)
    assert curves["attention_share"][ILLUSTRATION][0] == 0
    assert run(capsys, "replay", tmp_path / "sweep.png")[0] == 0


def test_replay_says_whether_the_pixels_are_the_same(model, tmp_path, capsys):
    run(capsys, *blend_arguments(model, tmp_path))
    status, out, _ = run(capsys, "replay", tmp_path / "record.json")
    assert status == 0 and out.startswith("The pixels are the same.")
    record = json.loads((tmp_path / "record.json").read_text())
    record["requests"][0]["seed"] = 1
    (tmp_path / "record.json").write_text(json.dumps(record))
    status, out, _ = run(capsys, "replay", tmp_path / "record.json")
    # the hash is still that of seed 0
    assert status == 1 and "The pixels differ: by" in out
    found = json.loads(run(capsys, "replay", tmp_path / "record.json", "--json")[1])
    assert found["status"] == "differs" and found["max_difference_of_255"] > 0


def reference_arguments(model, out, *more):
    head = ["blend", "--subject", "a red house", "--method", "reference", "--steps", "3", "--guidance", "5"]
    return [*head, "--image-model", model, "--out", str(out), *more]


def test_a_reference_is_a_file_or_a_prompt_and_replays_from_its_own_folder(model, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("UNDERTONE_HOME", str(tmp_path / "home"))
    picture = tmp_path / "a=b.png"
    Image.effect_noise((90, 70), 80).convert("RGB").save(picture)
    given = ["--reference", f"{picture}=3", "--reference-prompt", "a boat, watercolor=1", "--explain", "--json"]
    status, out, err = run(capsys, *reference_arguments(model, tmp_path / "out", *given))
    assert status == 0, err
    found = json.loads(out)
    assert found["measurements"]["reference"]["references"][0]["share"] == 0.75
    assert set(found["files"]) >= {"image", "reference", "reference-2", "without_reference"}
    assert len(list((tmp_path / "home" / "references").iterdir())) == 1
    picture.unlink()
    for file in (tmp_path / "home" / "references").iterdir():
        file.unlink()
    status, out, _ = run(capsys, "replay", tmp_path / "out" / "record.json")
    assert status == 0 and out.startswith("The pixels are the same.")
    (tmp_path / "out" / "reference.png").unlink()
    assert "choose the picture again" in failure(capsys, "replay", tmp_path / "out" / "record.json")
    Image.new("RGB", (64, 64)).save(tmp_path / "out" / "reference.png")
    assert "is not the picture that" in failure(capsys, "replay", tmp_path / "out" / "record.json")


@pytest.mark.parametrize("wrong", [[], {"layers": 3}, {"calibrated": [1]}, {"pictures": 3}, {"guidance": "x"}])
def test_a_record_with_a_wrong_reference_is_refused(model, tmp_path, capsys, monkeypatch, wrong):
    monkeypatch.setenv("UNDERTONE_HOME", str(tmp_path / "home"))
    picture = tmp_path / "a.jpg"
    Image.new("RGB", (64, 64), "red").save(picture)
    run(capsys, *reference_arguments(model, tmp_path, "--reference", picture))
    record = json.loads((tmp_path / "record.json").read_text())
    record["reference"] = wrong
    (tmp_path / "record.json").write_text(json.dumps(record))
    assert '"reference"' in failure(capsys, "replay", tmp_path / "record.json")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "0 references were given; the method reference takes 1 to 2"),
        (["--reference", "nowhere.png"], "--reference nowhere.png cannot be read: No such file"),
        (["--reference", "README.md"], "README.md: the file is neither a PNG nor a JPEG"),
        (["--reference-prompt", " "], "a reference's prompt is empty"),
        (["--reference-prompt", "ink=-1"], "the weight of reference 1 is -1"),
        (["--reference-prompt", "ink", "--method", "prompt", "--style", "a=1"], "takes no reference"),
        (["--method", "composable"], "0 styles were given; give 1 to 4"),
    ],
)
def test_references_that_cannot_be_are_one_line(model, tmp_path, capsys, monkeypatch, more, said):
    monkeypatch.setenv("UNDERTONE_HOME", str(tmp_path / "home"))
    assert said in failure(capsys, *reference_arguments(model, tmp_path / "out", *more))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--style", "watercolor"], 'gives no weight; write --style "watercolor=0.5"'),
        (["--style", "watercolor=much"], "'much' is not a number"),
        (["--style", "oil painting=0,7"], "'0,7' is not a number; write --style \"oil painting=0.7\""),
        (["--style", "watercolor=nan"], "give 0 or a positive number"),
        (["--style", "=1"], "a style is empty"),
        (["--steps", "0"], "steps must be between 1 and 150"),
        (["--steps", "many"], "invalid int value"),
        (["--guidance", "-1"], "guidance must be between 0 and 30"),
        (["--method", "magic"], "no method 'magic'"),
        (["--size", "100"], "not a multiple of 8"),
        (["--subject", "a\nb"], "line break"),
        (["--subject", "red " * 100], "it would lose"),
        (["--image-model", "no/such-model"], "hf download no/such-model"),
        (["--image-model", "model.ckpt"], "is a pickle"),
        (["--nonsense"], "unrecognized arguments"),
    ],
)
def test_bad_input_is_one_line_and_status_2(model, tmp_path, capsys, more, said):
    assert said in failure(capsys, *blend_arguments(model, tmp_path / "out", *more))


def test_what_cannot_be_written_is_said_before_the_render(model, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert "is a file; give a folder" in failure(capsys, *blend_arguments(model, tmp_path / "file"))
    assert "cannot be written" in failure(capsys, *blend_arguments(model, tmp_path / "file" / "below"))
    assert "cannot be written" in failure(capsys, *blend_arguments(model, "/proc/nowhere"))


def test_sweeps_and_replays_that_cannot_be(model, tmp_path, capsys):
    sweep = ["sweep", "--subject", "a", "--image-model", model, "--out", tmp_path, "--from", "ink"]
    assert "a sweep has 2 to 33 points, not 1" in failure(capsys, *sweep, "--to", "oil", "--points", 1)
    assert "give two different styles" in failure(capsys, *sweep, "--to", "INK")
    assert "required: --to" in failure(capsys, *sweep)
    assert "No such file" in failure(capsys, "replay", tmp_path / "nothing.json")
    assert "required" in failure(capsys)


def test_the_documented_command_works_and_refuses_without_a_traceback(tmp_path):
    command = [sys.executable, "-m", "tools", "blend", "--subject", "", "--style", "a=1", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == "python -m tools blend: the subject is empty; write what it should be.\n"


def test_an_experiment_is_run_kept_and_replayed(model, tmp_path, capsys):
    status, out, err = run(
        capsys, "experiment", "leave_one_out", "--style", f"{PHOTO}=3", "--style", ILLUSTRATION, "--steps", 2,
        "--subject", "a red house BREAK a boat", "--image-model", model, "--out", tmp_path, "--json",
    )  # fmt: skip
    found = json.loads(out)
    assert status == 0 and err == "" and found["verdict"] and found["arguments"]["styles"][0]["weight"] == 3
    assert [note for note in found["notes"] if '"BREAK"' in note]
    assert {"figure", "findings", "record"} <= set(found["files"])
    for picture in found["pictures"]:
        assert Image.open(tmp_path / picture["file"]).size == (64, 64)
    status, out, _ = run(capsys, "replay", tmp_path / "record.json")
    assert status == 0 and out.startswith("The pixels are the same.")
    status, out, _ = run(capsys, "replay", tmp_path / found["pictures"][0]["file"])
    assert status == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["alchemy"], "invalid choice: 'alchemy'"),
        (["flip", "--style", "a"], "two different styles"),
        (["flip", "--style", "a", "--style", "b=0,3"], 'write --style "b=0.3"'),
        (
            ["flip", "--style", "a", "--style", "b", "--points", "99"],
            "points: Input should be less",
        ),
        (["flip", "--style", "a", "--style", "b", "--method", "magic"], "no method 'magic'"),
        (["flip", "--style", "a", "--style", "b", "--guidance", "31"], "guidance: Input should be less than"),
    ],
)
def test_an_experiment_that_cannot_be_run_is_one_line(model, tmp_path, capsys, arguments, said):
    out = [] if arguments == ["alchemy"] else ["--image-model", model, "--out", tmp_path / "out"]
    assert said in failure(capsys, "experiment", *arguments, *out)


def test_what_may_not_be_meant_is_told_behind_what_was_rendered(model, tmp_path, capsys):
    arguments = [
        "blend", "--subject", "a cup BREAK a table", "--style", "(watercolor:1.4)=0.95", "--style", "oil painting=0.05",
        "--method", "schedule", "--steps", "4", "--image-model", model, "--out", str(tmp_path),
    ]  # fmt: skip
    status, out, _ = run(capsys, *arguments)
    assert status == 0
    assert 'Read as letters, as no syntax is known here: "BREAK", "(watercolor:1.4)"; weights go behind "="' in out
    assert 'Of 4 steps none goes to "oil painting"' in out
