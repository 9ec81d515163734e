import json

import numpy as np
import pytest
from PIL import Image

from tests.tiny import tiny_model
from tools.blend.record import compare, pixels_sha256, read_record
from tools.blend.results import BlendRequest, WeightedStyle, blend, save


@pytest.fixture
def run(tmp_path):
    request = BlendRequest("a red house", (WeightedStyle("watercolor", 1),), num_inference_steps=1, seed=5)
    result = blend(request, tiny_model())
    save(result, tmp_path)
    return result, tmp_path


def test_a_record_holds_what_makes_the_pixels_again(run):
    result, folder = run
    record = read_record(folder / "record.json")
    assert record["requests"] == [result.request.to_json()]
    assert record["requests"][0]["shares"] == [1.0]
    assert record["model"] == {"name": "tiny", "kind": "folder", "sha256": "0" * 64}
    assert {"torch", "diffusers", "transformers", "compel", "python"} <= set(record["versions"])
    assert record["device"].startswith("cpu") and record["dtype"] == "float32" and record["threads"] >= 1
    assert record["pixels_sha256"] == [pixels_sha256(Image.open(folder / "image.png"))]


def test_the_image_carries_its_record(run):
    _, folder = run
    inside = read_record(folder / "image.png")
    assert inside.pop("index") == 0
    assert inside == read_record(folder / "record.json")


def test_a_replay_gives_the_same_pixels(run):
    _, folder = run
    record = read_record(folder / "image.png")
    again = blend([BlendRequest.from_json(r) for r in record["requests"]], tiny_model())
    found = compare(record, again.images, tiny_model(), folder)
    assert found.same and found.changed == () and found.sentence() == "The pixels are the same."


def test_a_difference_is_measured_and_explained(run):
    result, folder = run
    changed = np.asarray(result.images[0]).copy()
    changed[0, 0, 0] = 255 - changed[0, 0, 0]
    record = {**result.record, "files": ["image.png"], "threads": 99, "versions": {"torch": "1.0"}}
    found = compare(record, [Image.fromarray(changed)], tiny_model(), folder)
    assert not found.same
    assert found.max_difference == abs(int(changed[0, 0, 0]) - (255 - int(changed[0, 0, 0])))
    assert found.differing_share == pytest.approx(1 / changed.size)
    assert any("threads 99 ->" in change for change in found.changed)
    assert any("torch 1.0 ->" in change for change in found.changed)
    found = compare(record, [Image.fromarray(changed)], tiny_model(), folder / "nowhere")
    assert not found.same and found.max_difference is None and "not said by how much" in found.sentence()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b"{", "it is not JSON"),
        ("a.json", b"\xff\xfe", "it is not JSON"),
        ("a.json", b"[]", '"format" is not 1'),
        ("a.json", b'{"format": 1}', "names no model"),
        ("a.json", b'{"format": 1, "model": {"name": "x"}}', "lists of the same length"),
        ("a.json", b'{"format": 1, "model": {"name": "x"}, "requests": [], "pixels_sha256": []}', "same length"),
        ("a.json", b"[" * 100_000, "it is not JSON"),
        ("a.json", b'{"format":1,"model":{"name":"x"},"requests":[1],"pixels_sha256":["a"],"files":[1]}', "file names"),
        (
            "a.json",
            b'{"format":1,"model":{"name":"x"},"requests":[1],"pixels_sha256":["a"],"files":["../x"]}',
            "without a folder",
        ),
        (
            "a.json",
            json.dumps(
                {"format": 1, "model": {"name": "x"}, "requests": [1] * 65, "pixels_sha256": [""] * 65}
            ).encode(),
            "64 at most",
        ),
        ("a.json", b" " * 5_000_001, "too large"),
        ("a.png", b"no image", "cannot be read"),
    ],
)
def test_what_is_no_record_is_refused_in_one_line(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said) as error:
        read_record(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_missing_record_and_a_foreign_image_are_refused(tmp_path):
    with pytest.raises(ValueError, match="No such file"):
        read_record(tmp_path / "record.json")
    with pytest.raises(ValueError, match="cannot be read"):
        read_record(tmp_path)
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    with pytest.raises(ValueError, match="carries no record"):
        read_record(tmp_path / "plain.png")


def test_a_record_reads_the_same_on_any_platform(run):
    _, folder = run
    text = (folder / "record.json").read_bytes()
    assert json.loads(text.decode("utf-8"))["files"] == ["image.png"]
