"""A stress run: its laws, what it says, what it keeps and makes again, its tool and its command."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from langchain_core.tools import ToolException
from PIL import Image

from tools.__main__ import main
from tools.blend.record import read_record
from tools.blend.references import store_reference
from tools.registry import TOOLS, run_tool
from tools.specs import ToolContext
from tools.studio.scenes import OBJECTS, STYLES, Scene, draw
from tools.style_augmentation.classifiers import CLASSIFIERS, load_classifier
from tools.style_augmentation.findings import findings_of, first_flips
from tools.style_augmentation.kept import replay, save
from tools.style_augmentation.sources import Subject, drawn_style, drawn_subject, given_subject
from tools.style_augmentation.stress import StressRequest, ask, restyled, stress

DRAWN = {style: drawn_style(style) for style in STYLES}


@pytest.fixture(scope="module")
def cat():
    return drawn_subject("cat", 0)


@pytest.fixture(scope="module")
def run(cat):
    return stress(StressRequest(), cat, DRAWN)


def context(folder):
    return ToolContext(None, "embedded", folder / "renders" / "run-1")


def test_every_classifier_that_can_be_asked_is_asked(run):
    assert list(run.answers) == list(CLASSIFIERS)
    assert run.pictures.shape == (len(STYLES), 4, 128, 128, 3)
    assert all(one.weighted.shape == (1 + 4 * len(STYLES), 8, 8) for one in run.answers.values())


def test_maps_lie_in_0_to_1_and_parts_sum_to_the_logit(run, cat):
    for name, one in run.answers.items():
        logits, _ = load_classifier(name).look(
            np.concatenate([cat.picture[None], run.pictures.reshape(-1, 128, 128, 3)])
        )
        assert one.weighted.min() >= 0 and one.weighted.max() <= 1
        assert one.maps.total.min() >= 0 and one.maps.total.max() <= 1
        assert np.abs(one.parts.sum((1, 2)) + one.bias - logits[:, one.first].numpy()).max() < 1e-4


def test_at_alpha_0_nothing_moves(cat):
    for one in stress(StressRequest(alphas=(0.0,)), cat, DRAWN).answers.values():
        assert not one.maps.total.any() and not one.flips.any()


def test_the_picture_alone_is_told_without_a_word_on_styles(cat):
    told = findings_of(stress(StressRequest(alphas=(0.0,)), cat, DRAWN))
    assert told.verdict.startswith("On the picture itself the answer of the judges is a cat")
    assert "stays" not in told.verdict and "stops" not in told.verdict


def test_one_style_at_one_strength_has_no_spread(cat):
    found = stress(StressRequest(styles=("oil painting",), alphas=(1.0,)), cat, DRAWN).asked.maps
    assert not found.spread.any() and found.shift.any()


def test_the_order_of_the_styles_does_not_matter(cat):
    names = ("oil painting", "watercolor", "pixel art")
    one, other = (stress(StressRequest(styles=s, sigma=0.2, seed=3), cat, DRAWN) for s in (names, names[::-1]))
    assert np.array_equal(one.pictures, other.pictures[::-1])
    assert np.allclose(one.asked.maps.total, other.asked.maps.total, atol=1e-9)


def test_noise_replays_from_its_seed_and_differs_with_another(cat):
    request = StressRequest(styles=("watercolor",), alphas=(1.0,), sigma=0.3, seed=1)
    one, same = restyled(request, cat, DRAWN), restyled(request, cat, DRAWN)
    other = restyled(StressRequest(styles=("watercolor",), alphas=(1.0,), sigma=0.3, seed=2), cat, DRAWN)
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_a_batch_of_pictures_equals_them_one_by_one(cat, run):
    judges = load_classifier("judges")
    for row in range(2):
        alone = ask(judges, cat.picture, run.pictures[row : row + 1])
        assert np.allclose(
            alone.probabilities[1:], run.answers["judges"].probabilities[1 + 4 * row : 5 + 4 * row], atol=1e-5
        )


@pytest.mark.parametrize("question", ["style", "colour", "setting"])
def test_other_questions_are_asked_of_the_judges_alone(cat, question):
    found = stress(StressRequest(question=question, styles=("oil painting",)), cat, DRAWN)
    assert list(found.answers) == ["judges"]
    assert found.asked.answers[found.asked.first] == cat.truth(question)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"alphas": (0.5, 2.0)}, "alpha 2 is outside"),
        ({"sigma": -1.0}, "sigma -1"),
        ({"question": "size"}, "'size' is unknown; there are: style, object"),
        ({"classifier": "mine"}, "'mine' is unknown; there are: judges"),
        ({"classifier": "both", "question": "style"}, "knows objects alone"),
        ({"styles": ()}, "nothing to restyle with"),
        ({"alphas": (0.5, 0.5)}, "given twice"),
        ({"alphas": tuple(n / 20 for n in range(20))}, "64 at most"),
    ],
)
def test_an_unusable_request_is_refused_by_name(given, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        StressRequest(**given)


def test_the_verdict_agrees_with_every_fact(run, cat):
    for thing in ("cat", "boat", "mug"):
        for name in CLASSIFIERS:
            found = stress(StressRequest(classifier=name), drawn_subject(thing, 4), DRAWN)
            told = findings_of(found)
            facts = " ".join(fact.text for fact in told.facts)
            assert 1 <= len(re.findall(r"[.](?: |$)", told.verdict)) <= 3
            assert set(re.findall(r"\d+%?", told.verdict)) <= set(re.findall(r"\d+%?", facts))
            flips = int(found.asked.flips.sum())
            assert ("stays" in told.verdict) == (flips == 0)
            if flips:
                style, alpha, answer = first_flips(found, found.asked)[0]
                assert f"at {alpha:.0%} {style}" in told.verdict and answer in told.verdict
                earlier = [n for n, a in enumerate(found.request.alphas) if a < alpha]
                assert not found.asked.flips[:, earlier].any()


def test_each_fact_names_a_figure_that_is_there(run):
    told = findings_of(run)
    assert {fact.figure for fact in told.facts} <= {figure.id for figure in told.figures}


def test_the_mask_tells_how_much_of_the_evidence_lies_on_the_object(run, cat):
    before, after = run.asked.on_object(cat.mask)
    assert cat.mask.shape == (8, 8) and 0.05 < cat.mask.mean() < 0.5
    assert before > cat.mask.mean() and np.array(after, float).shape == (len(STYLES), 4)
    whole, _ = run.asked.on_object(np.ones((8, 8)))
    assert whole == pytest.approx(1)


def test_a_flat_style_is_warned_of_and_a_foreign_picture_told_what_is_known():
    grey = np.full((128, 128, 3), 90, np.uint8)
    subject = given_subject(
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 200, 3), np.uint8)), "noise.png"
    )
    notes = " ".join(stress(StressRequest(styles=("grey",), alphas=(1.0,)), subject, {"grey": grey}).notes)
    assert "grey is flat" in notes
    assert "knows only ball, cube" in notes
    assert "cropped to its middle and scaled: 200 x 90 px to 128 x 128" in notes


def test_a_run_is_kept_whole_and_made_again(run, tmp_path):
    told, paths = save(run, tmp_path)
    assert {p.name for p in paths.values()} == {"wsam.png", "strip.png", "maps.npz", "findings.json", "record.json"}
    kept = json.loads((tmp_path / "findings.json").read_text("utf-8"))
    assert kept["verdict"] == told["verdict"] and kept["classifiers"]["none"]["given"]
    with np.load(tmp_path / "maps.npz") as maps:
        assert np.array_equal(maps["pictures"], run.pictures)
        assert np.allclose(maps["judges.wsam"], maps["judges.shift"] + maps["judges.spread"])
    found = replay(read_record(tmp_path / "record.json"), tmp_path)
    assert found.same and not found.changed


def test_a_record_that_was_changed_differs_or_is_refused(run, tmp_path):
    save(run, tmp_path)
    record = read_record(tmp_path / "record.json")
    assert not replay({**record, "pixels_sha256": ["0" * 64] * 4 * len(STYLES)}, tmp_path).same
    (tmp_path / "picture.png").unlink()
    with pytest.raises(ValueError, match="belongs beside the record"):
        replay(record, tmp_path)
    with pytest.raises(ValueError, match="cannot be run again"):
        replay({**record, "asked": {"alphas": 3}}, tmp_path)


def test_the_command_runs_tells_and_replays(tmp_path, capsys):
    out = str(tmp_path / "out")
    given = ["stress", "cat", "--style", "oil painting", "--alpha", "1", "--out", out, "--json"]
    assert main(given) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "done" and told["asked"]["styles"] == ["oil painting"] and told["about"]
    assert all(Path(file).is_file() for file in told["files"].values())
    assert main(["replay", str(tmp_path / "out" / "record.json")]) == 0
    assert "same to the bit" in capsys.readouterr().out


def test_the_command_takes_pictures(tmp_path, capsys):
    picture, style = tmp_path / "a picture.png", tmp_path / "mine.png"
    Image.fromarray(drawn_subject("mug", 1).picture).resize((200, 128)).save(picture)
    Image.fromarray(DRAWN["pixel art"]).save(style)
    assert main(["stress", str(picture), "--style", str(style), "--alpha", "0.5", "--out", str(tmp_path / "o")]) == 0
    said = capsys.readouterr().out
    assert "mine" in said and "was cropped" in said and "knows only" in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["cat", "--alpha", "2"], "outside 0..1"),
        (["cat", "--sigma", "-1"], "sigma -1"),
        (["cat", "--question", "size"], "unknown"),
        (["cat", "--classifier", "x"], "unknown"),
        (["cat", "--style", "baroque"], "'baroque' is unknown; there are: photographic style"),
        (["gondola"], "'gondola' is no picture"),
        (["a cat on a boat"], "'a cat on a boat' is no picture"),
        (["gone.png"], "cannot be read"),
        (["README.md"], "neither a PNG nor a JPEG"),
    ],
)
def test_bad_input_is_one_line_and_status_2(given, said, tmp_path, capsys):
    assert main(["stress", *given, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_tool_runs_in_a_folder_of_its_own(tmp_path):
    arguments = {"subject": "a red sailboat", "restyle_with": ["watercolor"], "alphas": [1.0], "classifier": "none"}
    text, artifact = run_tool("stress_picture", arguments, context(tmp_path))
    assert text.startswith(artifact["verdict"])
    assert artifact["run_id"] == "run-1" and (tmp_path / "renders" / "run-1" / "strip.png").is_file()
    json.dumps(artifact)


def test_the_tool_takes_an_upload_and_a_render_and_no_path(tmp_path):
    made = tmp_path / "renders" / "earlier"
    made.mkdir(parents=True)
    Image.fromarray(DRAWN["oil painting"]).save(made / "image.png")
    stored = store_reference((made / "image.png").read_bytes(), tmp_path / "references")
    _, artifact = run_tool(
        "stress_picture", {"picture": stored, "restyle_with": ["earlier"], "alphas": [1.0]}, context(tmp_path)
    )
    assert artifact["asked"]["styles"] == ["earlier"] and artifact["picture"]["truth"] is None
    for name in ("../renders/earlier", "gone", "/etc/hostname"):
        with pytest.raises(ToolException, match="no picture"):
            run_tool("stress_picture", {"picture": name}, context(tmp_path))
        with pytest.raises(ToolException, match="is unknown"):
            run_tool("stress_picture", {"restyle_with": [name]}, context(tmp_path))


def test_the_tools_command_says_the_same():
    spec = TOOLS["stress_picture"]
    said = spec.command({"subject": "boat", "restyle_with": ["oil painting"], "classifier": "both"})
    assert "stress boat --style 'oil painting' --alpha 0.25" in said and "--classifier both" in said


def test_every_drawn_object_can_be_asked_about():
    right = [
        stress(StressRequest(styles=("watercolor",), alphas=(0.25,)), drawn_subject(thing, 9), DRAWN)
        for thing in OBJECTS
    ]
    assert [one.asked.answers[one.asked.first] for one in right] == list(OBJECTS)


def test_a_classifier_is_not_asked_about_what_it_never_learned():
    scene = Scene(3, "lighthouse", "red", "meadow")
    subject = Subject(draw(scene, "photographic style"), "a lighthouse", scene)
    with pytest.raises(ValueError, match=r"'both' knows no lighthouse, only ball, .*; ask 'judges'"):
        stress(StressRequest(classifier="both"), subject, DRAWN)
    found = stress(StressRequest(), subject, DRAWN)
    assert list(found.answers) == ["judges"] and found.asked.answers[found.asked.first] == "lighthouse"
    assert "Not asked, since they know no lighthouse: none, traditional, style, both." in found.notes
    assert "The others" not in findings_of(found).verdict
