"""Finding by style: a picture finds itself first, vectors have length 1, what was embedded is not embedded again."""

import numpy as np
import pytest
import torch
from langchain_core.tools import ToolException
from PIL import Image

from tools.registry import TOOLS, run_tool
from tools.specs import ToolContext
from tools.style_search import search
from tools.style_search.encoder import VECTOR, WEIGHTS, EncoderUnavailable, load_encoder, vectors_of
from tools.style_search.hands import draw_scenes, sample_hands, works_of
from tools.style_search.public import load_public
from tools.style_search.retrieval import retrieval
from tools.style_search.search import Gallery, gallery_of, nearest, pair_scores, vector_of
from tools.style_search.works import WorksError, pictures_in, read_works


@pytest.fixture(scope="module")
def plain():
    return draw_scenes(0, 3)


@pytest.fixture(scope="module")
def renders(plain, tmp_path_factory):
    """Three scenes in six plain styles, as renders lie in a home."""
    folder = tmp_path_factory.mktemp("home") / "renders"
    for scene in range(3):
        for style in range(6):
            run = folder / f"2026010{scene}-00000{style}-abc"
            run.mkdir(parents=True)
            Image.fromarray(plain[scene, style]).save(run / "image.png")
    return folder


def test_the_encoder_is_small_and_half_precision_and_says_what_it_was_trained_on():
    encoder = load_encoder()
    assert sum(value.numel() for value in encoder.parameters()) < 600_000
    assert WEIGHTS.stat().st_size < 1_200_000
    assert "Limits" in WEIGHTS.with_name("README.md").read_text("utf-8")
    assert len(load_public().styles) > 700


def test_vectors_have_length_1_and_do_not_depend_on_the_batch(plain):
    vectors = vectors_of(load_encoder(), plain[0])
    assert vectors.shape == (6, VECTOR)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[2], vectors_of(load_encoder(), plain[0][2:3])[0], atol=1e-4)


def test_the_same_style_comes_before_the_same_scene(plain):
    """Plain styles, three scenes: for nearly all pictures the nearest is of their style."""
    vectors = vectors_of(load_encoder(), plain.reshape(-1, *plain.shape[2:]))
    styles, scenes = np.tile(np.arange(6), 3), np.repeat(np.arange(3), 6)
    found = retrieval(vectors, styles, scenes)
    assert found.precision >= 0.9 and found.leak <= 0.1


def test_hands_that_nobody_trained_on_are_told_apart(plain):
    hands = sample_hands(12, 99)
    vectors = vectors_of(load_encoder(), np.concatenate([works_of(hand, plain, range(3)) for hand in hands]))
    found = retrieval(vectors, np.repeat(np.arange(12), 3), np.tile(np.arange(3), 12))
    assert found.precision > 0.6  # 2 of 35 others are right: a guess is .06


def test_a_picture_finds_itself_first(renders):
    files = search.renders_in(renders)
    gallery = gallery_of(files, load_encoder())
    for file, vector in zip(gallery.files, gallery.vectors, strict=True):
        found = nearest(vector, gallery, 3)
        assert found[0].file == file and [one.rank for one in found] == [1, 2, 3]
        assert found[0].percentile >= found[1].percentile >= found[2].percentile >= 0


def test_a_render_is_embedded_once_and_anew_when_it_changed(renders, monkeypatch):
    files = search.renders_in(renders)
    first = gallery_of(files, load_encoder())
    embedded = []
    monkeypatch.setattr(search, "vectors_of", lambda e, p: embedded.append(1) or vectors_of(e, p))
    assert np.array_equal(gallery_of(files, load_encoder()).vectors, first.vectors) and not embedded
    (files[0].with_name(search.BESIDE)).write_bytes(b"damaged")
    Image.new("RGB", (128, 128), "red").save(files[1])
    gallery_of(files, load_encoder())
    assert len(embedded) == 2


def test_at_most_so_many_are_embedded_at_once(renders, tmp_path):
    files, cache = search.renders_in(renders), tmp_path / "cache.npz"
    assert [len(gallery_of(files, load_encoder(), cache, most=7).files) for _ in range(3)] == [7, 14, 18]


def test_what_was_embedded_before_a_stop_is_kept(renders, tmp_path, monkeypatch):
    monkeypatch.setattr(search, "SAVE_EVERY", 4)
    files, cache = search.renders_in(renders), tmp_path / "cache.npz"

    def stop(done, total):
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gallery_of(files, load_encoder(), cache, stop)
    assert len(gallery_of(files, load_encoder(), cache, most=0).files) == 10


def test_unreadable_files_are_named_and_skipped(tmp_path, plain):
    Image.fromarray(plain[0, 0]).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    (tmp_path / "notes.txt").write_text("not looked at")
    gallery = gallery_of(pictures_in(tmp_path), load_encoder(), tmp_path / "cache.npz")
    assert [file.name for file in gallery.files] == ["good.png"]
    assert gallery.skipped[0].startswith("bad.png: ")


def test_works_with_the_same_pixels_count_once_whatever_they_are_called(tmp_path, plain):
    for name in ("a.png", "b.png", "sub/c.png"):
        (tmp_path / "sub").mkdir(exist_ok=True)
        Image.fromarray(plain[0, 0]).save(tmp_path / name)
    Image.fromarray(plain[1, 0]).save(tmp_path / "d.png")
    works = read_works(tmp_path, load_encoder())
    assert len(works.statistics) == 2 and works.twice == 2
    with pytest.raises(WorksError, match="no folder"):
        read_works(tmp_path / "none", load_encoder())


def test_pairs_of_a_large_gallery_are_drawn_and_the_same_every_time():
    vectors = np.random.default_rng(0).standard_normal((400, VECTOR)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert np.array_equal(pair_scores(vectors), pair_scores(vectors))
    assert len(pair_scores(vectors)) == search.PAIRS and pair_scores(vectors).max() < 0.999  # never with itself
    assert len(pair_scores(vectors[:3])) == 3 and len(pair_scores(vectors[:1])) == 0


def test_a_gallery_of_one_or_none():
    vector = np.eye(VECTOR, dtype=np.float32)[0]
    assert nearest(vector, Gallery((), np.zeros((0, VECTOR), np.float32)), 3) == []
    (only,) = nearest(vector, Gallery(("x",), vector[None]), 3)
    assert only.rank == 1 and only.percentile is None
    four, five = (nearest(vector, Gallery(tuple("x" * n), np.eye(n, VECTOR, dtype=np.float32)), 1)[0] for n in (4, 5))
    assert four.percentile is None and five.percentile is not None


def test_no_encoder_is_said_in_one_line(tmp_path):
    with pytest.raises(EncoderUnavailable, match="make train-style"):
        load_encoder(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    with pytest.raises(EncoderUnavailable, match="make train-style"):
        load_encoder(tmp_path / "bad.safetensors")


def test_the_tool_ranks_the_others_and_tells_no_likeness_in_percent(renders):
    context = ToolContext(None, "embedded", renders / "new")
    newest = search.renders_in(renders)[0].parent.name
    text, artifact = run_tool("search_style", {"top": 4}, context)
    assert artifact["picture"] == newest and [one["rank"] for one in artifact["found"]] == [1, 2, 3, 4]
    assert newest not in [one["id"] for one in artifact["found"]]
    assert "%" not in text and "of 100 pairs" in text
    with pytest.raises(ToolException, match="no picture"):
        run_tool("search_style", {"picture": "../../etc/passwd"}, context)
    with pytest.raises(ToolException, match="any more"):
        run_tool("search_style", {"picture": "gone"}, context)
    with pytest.raises(ToolException, match="no other picture"):
        run_tool("search_style", {"among": "references"}, context)
    assert not TOOLS["search_style"].needs_approval and TOOLS["align_styles"].needs_approval


def test_the_middle_of_a_wide_picture_is_looked_at(plain):
    """A picture of another size is scaled by its shorter side; the same picture twice as large is as good as itself."""
    encoder = load_encoder()
    small = Image.fromarray(plain[0, 1])
    large = small.resize((256, 256), Image.Resampling.LANCZOS)
    other = vector_of(Image.fromarray(plain[0, 3]), encoder)
    first, second = vector_of(small, encoder), vector_of(large, encoder)
    assert first @ second > 0.8 > first @ other
    assert vector_of(small.resize((500, 64)), encoder).shape == (VECTOR,)
    assert torch.is_tensor(encoder.centre)
