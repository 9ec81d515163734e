import shutil

import pytest
import torch

import tools.devices
import tools.models
from tests.single_file import write_single_file
from tests.tiny import tiny_folder, tiny_model, tiny_pipeline
from tools.models import (
    LARGE_BYTES,
    SD15,
    ModelUnavailable,
    choose_dtype,
    cpu_has_fast_bfloat16,
    load_image_model,
    sha256_of_file,
    sha256_of_files,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_folder(tmp_path_factory.mktemp("models"))


@pytest.fixture
def embedded(folder, tmp_path, monkeypatch):
    """A copy of the tiny model in the place of the embedded one, with its SHA256SUMS."""
    copy = tmp_path / "weights"
    shutil.copytree(folder, copy)
    files = sorted(p for p in copy.rglob("*") if p.is_file())
    (copy / "SHA256SUMS").write_text("".join(f"{sha256_of_file(p)}  {p.relative_to(copy)}\n" for p in files))
    monkeypatch.setattr(tools.models, "EMBEDDED_FOLDER", copy)
    monkeypatch.setattr(tools.models, "_models", {})
    return copy


def test_a_diffusers_folder_loads_once(folder):
    model = load_image_model(str(folder))
    assert (model.kind, model.name, model.size_px, model.max_tokens) == ("folder", str(folder), 64, 77)
    assert model.sha256 == sha256_of_files(folder, sorted(folder.glob("*/*.safetensors")))
    assert model.has_closed_vocabulary and not model.is_large and model.default_guidance == 7.5
    assert load_image_model(str(folder)) is model


def test_the_safety_checker_is_only_off_where_there_is_none(folder):
    assert load_image_model(str(folder)).pipeline.safety_checker is None
    assert '"safety_checker": [\n    null' in (folder / "model_index.json").read_text()


def test_the_embedded_model_is_checked_and_says_its_guidance(embedded):
    (embedded / "undertone.json").write_text('{"default_guidance": 4.0}')
    model = load_image_model()
    assert (model.kind, model.name, model.default_guidance) == ("embedded", "embedded", 4.0)


@pytest.mark.parametrize("damage", ["changed", "missing", "no sums"])
def test_a_damaged_embedded_model_is_named_with_the_cure(embedded, damage):
    weights = embedded / "unet" / "diffusion_pytorch_model.safetensors"
    if damage == "changed":
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(bytes(content))
    elif damage == "missing":
        weights.unlink()
    else:
        (embedded / "SHA256SUMS").unlink()
    with pytest.raises(ModelUnavailable, match=r"git checkout -- tools/studio/weights.*make train") as error:
        load_image_model()
    assert ("SHA256SUMS" if damage == "no sums" else str(weights)) in str(error.value)


@pytest.mark.parametrize("name", ["model.ckpt", "model.pt", "a/model.PTH", "pytorch_model.bin", "x.pkl"])
def test_a_pickle_is_refused_before_it_is_opened(name):
    with pytest.raises(ModelUnavailable, match=r"is a pickle: opening it would run whatever code .* \.safetensors"):
        load_image_model(name)


def test_a_folder_of_pickles_is_refused(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "m", ignore=shutil.ignore_patterns("*.safetensors"))
    (tmp_path / "m" / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ModelUnavailable, match=r"no \.safetensors weights; pickled ones"):
        load_image_model(str(tmp_path / "m"))


def test_a_hub_model_that_is_not_here_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelUnavailable, match=rf"not on this machine. Get it with: hf download {SD15} --exclude"):
        load_image_model(SD15)


def test_a_single_file_needs_the_configuration_and_says_how_to_get_it(tmp_path, monkeypatch):
    def nothing_here(name, **_):
        raise tools.models.LocalEntryNotFoundError("not cached")

    monkeypatch.setattr(tools.models, "snapshot_download", nothing_here)
    checkpoint = tmp_path / "henmixReal.safetensors"
    checkpoint.write_bytes(b"\0" * 64)
    with pytest.raises(ModelUnavailable, match=rf'hf download {SD15} --include "\*.json" --include "\*.txt"'):
        load_image_model(str(checkpoint))
    monkeypatch.setattr(tools.models, "snapshot_download", lambda *_, **__: str(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"cannot be loaded as an SD1\.x checkpoint"):
        load_image_model(str(checkpoint))


def test_a_single_file_renders_what_its_folder_renders(folder, tmp_path, monkeypatch):
    """The way of a downloaded henmixReal.safetensors, in the names that checkpoints are traded in."""
    checkpoint = tmp_path / "henmixReal.safetensors"
    write_single_file(tiny_pipeline(), checkpoint)
    monkeypatch.setattr(tools.models, "snapshot_download", lambda *_, **__: str(folder))
    model = load_image_model(str(checkpoint))
    assert (model.kind, model.sha256) == ("file", sha256_of_file(checkpoint))
    assert model.pipeline.safety_checker is None
    for part in ("unet", "vae", "text_encoder"):
        theirs = getattr(load_image_model(str(folder)).pipeline, part).state_dict()
        ours = getattr(model.pipeline, part).state_dict()
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs), part


@pytest.mark.parametrize("name", ["", "nowhere", "./nowhere/model", "/no/such/model.safetensors", "a b/c", "a/b/c"])
def test_what_is_no_model_is_said_in_one_line(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelUnavailable) as error:
        load_image_model(name)
    assert "\n" not in str(error.value)


def test_damaged_weights_are_said_in_one_line(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "m")
    (tmp_path / "m" / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(ModelUnavailable, match=r"cannot be loaded as an SD1\.x pipeline") as error:
        load_image_model(str(tmp_path / "m"))
    assert "\n" not in str(error.value)


def test_half_precision_is_for_large_checkpoints_on_devices_that_are_fast_at_it(monkeypatch, tmp_path):
    cpu = torch.device("cpu")
    monkeypatch.setattr(tools.devices, "cpu_has_fast_bfloat16", lambda: True)
    assert choose_dtype(cpu, LARGE_BYTES) == torch.bfloat16
    assert choose_dtype(cpu, LARGE_BYTES - 1) == torch.float32
    assert choose_dtype(torch.device("mps"), LARGE_BYTES) == torch.float16
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert choose_dtype(torch.device("cuda"), LARGE_BYTES) == torch.float16
    monkeypatch.setattr(tools.devices, "cpu_has_fast_bfloat16", lambda: False)
    assert choose_dtype(cpu, LARGE_BYTES) == torch.float32
    cpuinfo = tmp_path / "cpuinfo"
    for flags, fast in (("avx512f avx512_bf16", True), ("amx_bf16 amx_tile", True), ("avx2", False)):
        cpuinfo.write_text(f"flags\t: {flags}\n")
        assert cpu_has_fast_bfloat16(cpuinfo) is fast
    assert cpu_has_fast_bfloat16(tmp_path / "none") is False


def test_bfloat16_renders_too(folder):
    from tools.blend.results import BlendRequest, WeightedStyle, blend

    model = load_image_model(str(folder), dtype=torch.bfloat16)
    assert model.dtype == torch.bfloat16
    request = BlendRequest("a red house", (WeightedStyle("oil", 1), WeightedStyle("pixel art", 1)), "embedding", 2)
    assert blend(request, model).record["dtype"] == "bfloat16"


def test_a_large_files_hash_is_remembered_until_it_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(tools.models, "LARGE_BYTES", 4)
    monkeypatch.setattr(tools.models, "HASH_CACHE", tmp_path / "cache" / "sha256.json")
    file = tmp_path / "weights"
    file.write_bytes(b"12345")
    first = sha256_of_file(file)
    assert (tmp_path / "cache" / "sha256.json").is_file() and sha256_of_file(file) == first
    file.write_bytes(b"123456")
    assert sha256_of_file(file) != first


def test_the_tiny_model_is_wrapped_like_any_other():
    assert tiny_model().pipeline.vae.use_slicing
