"""The commands find, join and federate: what they write and say, and unusable input in one line with status 2."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from tools.__main__ import main
from tools.style_search import commands
from tools.style_search.encoder import load_encoder
from tools.style_search.hands import draw_scenes, sample_hands, works_of
from tools.style_search.representation import SHAPES

WORKS = 12


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two artists with twelve works each."""
    plain = draw_scenes(0, WORKS)
    home = tmp_path_factory.mktemp("artists")
    for name, hand in zip(("anna", "bert"), sample_hands(8, 5)[::7], strict=True):
        (home / name).mkdir()
        for number, work in enumerate(works_of(hand, plain, range(WORKS))):
            Image.fromarray(work).save(home / name / f"holiday-{number}.png")
    return home


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERTONE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(commands, "ALIGN_STEPS", 20)


def run(capsys, *words):
    status = main([str(word) for word in words])
    said = capsys.readouterr()
    return status, said.out, said.err


def refused(capsys, *words):
    status, out, err = run(capsys, *words)
    assert status == 2 and not out and err.count("\n") == 1, (status, out, err)
    return err


def joined(capsys, folders, artist, out):
    assert run(capsys, "join", folders / artist, "--artist", artist, "--out", out)[0] == 0
    return out


def test_find_ranks_a_folder_and_a_picture_finds_itself_first(capsys, folders):
    picture = folders / "anna" / "holiday-3.png"
    status, out, _ = run(capsys, "find", picture, "--among", folders, "--top", 5, "--json")
    told = json.loads(out)
    assert status == 0 and told["among"] == 2 * WORKS and told["found"][0]["file"] == str(picture)
    assert [one["rank"] for one in told["found"]] == [1, 2, 3, 4, 5]
    assert sum("anna" in one["file"] for one in told["found"]) >= 4
    status, out, _ = run(capsys, "find", picture, "--among", folders)
    assert status == 0 and out.splitlines()[1].startswith(f"1. {picture}") and "%" not in out


def test_join_writes_a_style_and_none_of_the_works(capsys, folders, tmp_path):
    out = tmp_path / "anna.safetensors"
    status, said, _ = run(capsys, "join", folders / "anna", "--artist", "Anna", "--out", out, "--show")
    assert status == 0 and out.stat().st_size <= 25_000
    assert all(name in said for name in SHAPES) and load_encoder().digest in said
    written = out.read_bytes()
    for word in (b"holiday", b"png", str(folders).encode()):
        assert word not in written
    assert set(load_file(out)) == set(SHAPES)


def test_join_says_what_it_skipped_and_counts_the_same_pixels_once(capsys, folders, tmp_path):
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for number in range(WORKS - 1):
        (mixed / f"{number}.png").write_bytes((folders / "anna" / f"holiday-{number}.png").read_bytes())
    (mixed / "twice.png").write_bytes((mixed / "0.png").read_bytes())
    (mixed / "bad.jpg").write_bytes(b"no picture")
    out = tmp_path / "x.safetensors"
    err = refused(capsys, "join", mixed, "--artist", "Anna", "--out", out)
    assert "11 works are too few" in err and "bad.jpg" in err and "same pixels" in err and not out.exists()
    (mixed / "new.png").write_bytes((folders / "bert" / "holiday-0.png").read_bytes())
    status, said, _ = run(capsys, "join", mixed, "--artist", "Anna", "--out", out)
    assert status == 0 and "12 works" in said and "skipped bad.jpg" in said and "1 files with the same pixels" in said


def test_federate_aligns_the_encoder_to_files_and_find_uses_it(capsys, folders, tmp_path):
    files = [joined(capsys, folders, name, tmp_path / f"{name}.safetensors") for name in ("anna", "bert")]
    out = tmp_path / "out"
    status, said, _ = run(capsys, "federate", *files, "--out", out, "--json")
    told = json.loads(said)
    assert status == 0 and [one["artist"] for one in told["styles"]] == ["anna", "bert"]
    assert np.allclose([np.linalg.norm(one["vector"]) for one in told["styles"]], 1, atol=1e-4)
    aligned = load_encoder(out / "encoder.safetensors")
    assert aligned.digest == load_encoder().digest
    assert not torch.equal(aligned.head[0].weight, load_encoder().head[0].weight)
    picture = folders / "bert" / "holiday-3.png"
    words = ("find", picture, "--among", folders / "bert", "--encoder", out / "encoder.safetensors")
    assert run(capsys, *words)[0] == 0


def test_a_run_on_files_replays(capsys, folders, tmp_path):
    file = joined(capsys, folders, "anna", tmp_path / "anna.safetensors")
    for name in ("one", "two"):
        assert run(capsys, "federate", file, "--out", tmp_path / name, "--seed", 3)[0] == 0
    first, second = ((tmp_path / name / "encoder.safetensors").read_bytes() for name in ("one", "two"))
    assert first == second


def test_two_artists_of_one_name_are_refused(capsys, folders, tmp_path):
    files = [joined(capsys, folders, "anna", tmp_path / f"{number}.safetensors") for number in range(2)]
    assert "two artists are called 'anna'" in refused(capsys, "federate", *files, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_of_another_encoder_is_refused(capsys, folders, tmp_path):
    file = joined(capsys, folders, "anna", tmp_path / "anna.safetensors")
    save_file(load_file(file), file, metadata={"artist": "anna", "encoder": "0" * 64})
    assert "another encoder" in refused(capsys, "federate", file, "--out", tmp_path / "out")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("find", "none.png"), "none.png"),
        (("find", "{anna}/holiday-0.png", "--top", "0"), "--top 0"),
        (("find", "{anna}/holiday-0.png"), "no picture among renders"),
        (("find", "{anna}/holiday-0.png", "--among", "references"), "no picture among references"),
        (("find", "{anna}/holiday-0.png", "--among", "nowhere"), "no folder"),
        (("find", "{anna}/holiday-0.png", "--encoder", "none"), "no style encoder"),
        (("join", "nowhere", "--artist", "A", "--out", "{out}.safetensors"), "no folder"),
        (("join", "{anna}", "--artist", " ", "--out", "{out}.safetensors"), "--artist"),
        (("join", "{anna}", "--artist", "A", "--out", "{out}.txt"), ".safetensors"),
        (("join", "{anna}", "--artist", "A", "--out", "{out}.safetensors", "--noise", "nan"), "--noise"),
        (("federate", "{anna}/holiday-0.png", "--out", "{out}"), "cannot be read"),
        (("federate", "none.safetensors", "--out", "{out}"), "cannot be read"),
        (("federate", "x", "--algorithm", "moon", "--out", "{out}"), "leave out --algorithm"),
        (("federate", "--beta", "-1", "--out", "{out}"), "--beta"),
        (("federate", "--noise", "7", "--out", "{out}"), "--noise"),
    ],
)
def test_unusable_input_is_told_in_one_line(capsys, folders, tmp_path, words, why):
    filled = [word.format(anna=folders / "anna", out=tmp_path / "out") for word in words]
    assert why in refused(capsys, *filled)
