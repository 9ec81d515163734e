"""The laws of artists and server: what passes between them, and what averaging and alignment leave as it was."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load, save

from tools.style_search.channel import FROM_ARTIST, HEAD, SETTINGS, TO_ARTIST, ChannelError, pack, unpack
from tools.style_search.client import FRAME, Client, LocalSettings
from tools.style_search.demonstration import artists_process, mixed
from tools.style_search.encoder import STATISTICS, VECTOR, StyleEncoder
from tools.style_search.public import PublicSet
from tools.style_search.representation import SHAPES, RepresentationError
from tools.style_search.server import ALGORITHMS, OURS, Algorithm, align, average, federate, pooled

ROUNDS = 2


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return StyleEncoder().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def public():
    rng = torch.Generator().manual_seed(1)
    styles = torch.arange(8).repeat_interleave(12)
    return PublicSet(torch.randn(8, STATISTICS, generator=rng)[styles] + 0.3 * torch.randn(96, STATISTICS), styles)


def works_of(artist, count=16):
    rng = torch.Generator().manual_seed(100 + artist)
    return 0.6 * torch.randn(STATISTICS, generator=rng) + 0.4 * torch.randn(count, STATISTICS, generator=rng)


def short(name, **local):
    algorithm = ALGORITHMS[name]
    return replace(
        algorithm,
        rounds=min(ROUNDS, algorithm.rounds),
        aligns=8 if algorithm.aligns else 0,
        local=replace(algorithm.local, steps=3, **local),
    )


def run(algorithm, works, encoder, public, seed=0):
    return federate(algorithm, [Client(one, public).fit for one in works], encoder, public, seed)


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in HEAD)


def test_a_seeded_run_replays_to_the_bit(encoder, public):
    works = [works_of(k) for k in range(3)]
    first, second = (run(short(OURS), works, encoder, public, seed=4) for _ in range(2))
    assert same(first.head, second.head)
    assert not same(first.head, run(short(OURS), works, encoder, public, seed=5).head)


def test_without_alignment_and_its_losses_it_is_averaging_to_the_bit(encoder, public):
    works = [works_of(k) for k in range(3)]
    ours = replace(short(OURS, to_vector=0.0, to_server=0.0), aligns=0)
    assert same(run(ours, works, encoder, public).head, run(short("fedavg"), works, encoder, public).head)


def test_one_client_equals_local_training(encoder, public):
    client = Client(works_of(0), public)
    algorithm = replace(short("fedavg"), rounds=1)
    head = dict(encoder.head.state_dict())
    settings = replace(algorithm.local, artist=0, seed=0)
    message = pack({**head, "vectors": torch.zeros(0, VECTOR), SETTINGS: settings.to_tensor()}, TO_ARTIST)
    alone = unpack(client.fit(message), FROM_ARTIST)
    assert same(run(algorithm, [works_of(0)], encoder, public).head, alone)
    assert not same(alone, head)


def test_the_average_of_identical_clients_equals_either(encoder, public):
    algorithm = replace(short("fedavg"), rounds=1)
    one = run(algorithm, [works_of(0)], encoder, public)
    assert same(run(algorithm, [works_of(0)] * 3, encoder, public).head, one.head)
    heads = [{name: torch.randn(HEAD[name]) for name in HEAD}] * 4
    assert same(average(heads), heads[0])


@pytest.mark.parametrize("name", [name for name, a in ALGORITHMS.items() if a.rounds])
def test_the_order_of_works_changes_nothing(name, encoder, public):
    works = [works_of(k) for k in range(2)]
    turned = [one.flip(0) for one in works]
    first, second = run(short(name), works, encoder, public), run(short(name), turned, encoder, public)
    assert same(first.head, second.head)
    assert all(same(a, b) for a, b in zip(first.heads, second.heads, strict=True))


@pytest.mark.parametrize("name", list(ALGORITHMS))
def test_what_an_artist_sends_is_listed_and_as_large_for_any_number_of_works(name, encoder, public):
    sizes = set()
    for count in (12, 40):
        sent = []

        def spied(message, client=Client(works_of(0, count), public), sent=sent):  # noqa: B008
            sent.append(client.fit(message))
            return sent[-1]

        federate(short(name), [spied], encoder, public)
        for reply in sent:
            tensors = load(reply)
            assert set(tensors) <= set(FROM_ARTIST)
            assert all(tuple(tensors[n].shape) == FROM_ARTIST[n] for n in tensors)
            assert all(tensors[n].dtype == torch.float32 for n in tensors)
            assert b"__metadata__" not in reply
        sizes |= {len(reply) for reply in sent}
    assert len(sizes) <= 1


def test_only_what_an_algorithm_needs_is_sent(encoder, public):
    received = {name: set(run(short(name), [works_of(0)], encoder, public).received_bytes) for name in ALGORITHMS}
    assert received["fedavg"] == received["fedprox"] == received["moon"] == set(HEAD)
    assert received["fedproto"] == {*HEAD, "prototype"}
    assert received[OURS] == {*HEAD, *SHAPES}
    assert received["public"] == set()
    alone = replace(short(OURS, sends_head=False, to_server=0.0), rounds=1)
    assert set(run(alone, [works_of(0)], encoder, public).received_bytes) == set(SHAPES)


@pytest.mark.parametrize(
    "tensors",
    [
        {"pixels": torch.zeros(3, 4)},
        {"mean": torch.zeros(STATISTICS + 1)},
        {"mean": torch.zeros(STATISTICS, dtype=torch.float64)},
        {"mean": torch.full((STATISTICS,), float("nan"))},
        {"mean": torch.zeros(24, STATISTICS)},
    ],
)
def test_what_is_not_listed_passes_neither_way(tensors):
    with pytest.raises(ChannelError):
        pack(tensors, FROM_ARTIST)
    with pytest.raises(ChannelError):
        unpack(save(tensors), FROM_ARTIST)


def test_text_does_not_pass_either():
    with pytest.raises(ChannelError, match="text"):
        unpack(save({"mean": torch.zeros(STATISTICS)}, metadata={"file": "holiday.png"}), FROM_ARTIST)
    with pytest.raises(ChannelError):
        unpack(b"holiday.png", FROM_ARTIST)


def test_the_server_cannot_draw_an_artists_noise_again(encoder, public):
    algorithm = replace(short(OURS, noise=0.1, sends_head=False), rounds=1, aligns=0)
    first, second = (run(algorithm, [works_of(0)], encoder, public, seed=1).styles[0] for _ in range(2))
    assert not torch.equal(first.mean, second.mean)
    replayed = [Client(works_of(0), public, secret=7).fit for _ in range(2)]
    third, fourth = (federate(algorithm, [fit], encoder, public).styles[0] for fit in replayed)
    assert torch.equal(third.mean, fourth.mean)


def test_settings_survive_the_channel():
    settings = LocalSettings(steps=7, lr=0.5, noise=0.25, sends_style=True, artist=3, seed=4001)
    assert LocalSettings.from_tensor(settings.to_tensor()) == settings


def canaries(folder, count=14):
    """Works of one texture each, which occurs nowhere else, under names that say something."""
    rng = np.random.default_rng(3)
    made = []
    for number in range(count):
        pixels = rng.integers(0, 256, (128, 128, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"secret-canary-{number}.png")
        made.append(pixels)
    return made


def test_neither_pixels_nor_names_nor_paths_cross_the_channel_of_a_real_process(tmp_path, encoder, public):
    """An artist's folder is served by a process of its own; all that it ever writes is looked through."""
    pixels = canaries(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.style_search.client", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    settings = replace(ALGORITHMS[OURS].local, steps=2)
    head = dict(encoder.head.state_dict())
    message = pack({**head, "vectors": torch.zeros(0, VECTOR), SETTINGS: settings.to_tensor()}, TO_ARTIST)
    written, _ = process.communicate(FRAME.pack(len(message), 0) + message, timeout=240)
    assert process.returncode == 0
    length, _ = FRAME.unpack(written[: FRAME.size])
    assert len(written) == FRAME.size + length  # one frame, and nothing beside it
    tensors = unpack(written[FRAME.size :], FROM_ARTIST)
    assert set(tensors) == {*HEAD, *SHAPES}
    for word in ("secret", "canary", "png", str(tmp_path), tmp_path.name):
        assert word.encode() not in written
    for one in pixels:
        for row in one[::16]:
            assert row.tobytes() not in written
            assert (row.astype(np.float32) / 127.5 - 1).tobytes() not in written


def test_the_server_opens_nothing_of_the_artists(tmp_path, encoder, public):
    """Every file that this process opens while the artists' own process answers is noted."""
    opened, noting = [], [True]

    def note(event, arguments):
        if noting[0] and event == "open":
            opened.append(str(arguments[0]))

    canaries(tmp_path, 12)
    with artists_process([works_of(0), works_of(1)], [tmp_path]) as artists:
        sys.addaudithook(note)
        made = federate(replace(short(OURS), rounds=1), artists, encoder, public)
        (tmp_path / "secret-canary-0.png").open("rb").close()  # the note-taking works
        noting[0] = False
    assert len(artists) == 3 and len(made.styles) == 3
    assert [name for name in opened if name.startswith(str(tmp_path))] == [str(tmp_path / "secret-canary-0.png")]


def test_alignment_pulls_artists_apart_that_lay_together(encoder, public):
    """Virtual works of each artist end nearer to their own than to other artists' works."""
    works = [works_of(k, 24) for k in range(4)]
    made = run(replace(short(OURS, sends_head=False), rounds=1), works, encoder, public)

    def own(head):
        local = StyleEncoder()
        local.head.load_state_dict(head)
        with torch.no_grad():
            z = torch.stack([local.project(one) for one in works])
        inside = torch.einsum("aid,ajd->aij", z, z).mean()
        return float(inside - torch.einsum("aid,bjd->abij", z, z).mean())

    before = dict(encoder.head.state_dict())
    assert own(align(before, made.styles, public, 60)) > own(before) + 0.1
    assert own(pooled(before, works, public, 60)) > own(before) + 0.1


def test_dirichlet_shares_are_of_one_hand_or_of_all():
    works = [torch.full((24, STATISTICS), float(k)) for k in range(24)]
    few, many = (np.mean([len(one[:, 0].unique()) for one in mixed(works, beta, 0)]) for beta in (0.1, 100))
    assert few < 6 < 12 < many
    assert all(torch.equal(a, b) for a, b in zip(mixed(works, None, 0), works, strict=True))


def test_an_artist_with_too_few_works_takes_no_part(encoder, public):
    with pytest.raises(RepresentationError, match="11 works"):
        Client(works_of(0, 11), public)


def test_a_run_can_be_stopped_between_rounds(encoder, public):
    class Stopped(Exception):
        pass

    def stop(done, total):
        raise Stopped

    clients = [Client(works_of(0), public).fit]
    with pytest.raises(Stopped):
        federate(Algorithm(LocalSettings(steps=1)), clients, encoder, public, on_step=stop)
