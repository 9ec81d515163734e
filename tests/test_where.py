"""The where experiment: its figures recomputed by hand, and its verdicts against any measurements."""

import numpy as np
import pytest

from tests.judgements import ILLUSTRATION, PHOTO, random_styles, random_values
from tests.tiny import tiny_model
from tools.experiments.experiments import run_experiment, save_experiment
from tools.experiments.where import overlay

GIVEN = {"styles": [{"text": PHOTO}, {"text": ILLUSTRATION}], "subject": "a red house", "steps": 2, "seeds": 2}
HOUSE = "a red house"


def random_measured(rng):
    styles = random_styles(rng)
    n = 1 + len(styles)
    alike = np.round(rng.uniform(-1, 1, (n, n)), 6) if rng.random() < 0.6 else np.full((n, n), rng.choice([0.8, 0.5]))
    alike = ((alike + alike.T) / 2).tolist()
    if rng.random() < 0.2:
        for other in range(n):
            alike[1][other] = alike[other][1] = None
    shares = rng.dirichlet(np.ones(n + 4)).round(6).tolist()
    return {
        "subject": HOUSE,
        "styles": styles,
        "phrases": [HOUSE, *styles],
        "seeds": [0, 1],
        "alike": alike,
        "gathered": [0.25 + value for value in random_values(rng, n, 0.3)],
        "centre": [random_values(rng, 2) for _ in range(n)],
        "share": shares[:n],
        "marks": dict(zip(("start", "end", "padding", "other words"), shares[n:], strict=True)),
    }


def agrees(measured, findings):
    places, attention = findings.verdict.split(". ")
    for number, (style, said) in enumerate(zip(measured["styles"], places.split("; "), strict=True), 1):
        assert said.startswith(f'"{style}" has')
        alike = {
            phrase: value
            for phrase, value in zip(measured["phrases"], measured["alike"][number], strict=True)
            if phrase != style and value is not None
        }
        same = [phrase for phrase, value in alike.items() if value == max(alike.values()) and value >= 0.8]
        if same:
            assert "has no place of its own: its map is like that of" in said
            assert any(f'that of "{phrase}", by {alike[phrase]:.2f}' in said for phrase in same)
        elif measured["gathered"][number] < 1 / 3:
            assert "no place of its own: the quarter that has most of its attention holds" in said
        else:
            assert "has a place of its own" in said
            x, y = measured["centre"][number]
            assert ("left" in said) == (x < 0.4) and ("right" in said) == (x > 0.6)
            assert ("upper" in said) == (y < 0.4) and ("lower" in said) == (y > 0.6)
    marks = sum(value for name, value in measured["marks"].items() if name != "other words")
    assert f"tokens had {marks:.0%} of the attention" in attention and f"{sum(measured['share']):.0%}." in attention


def test_figures_are_those_of_the_saved_maps(tmp_path):
    result = run_experiment("where", GIVEN, tiny_model())
    arrays = np.load(save_experiment(result, tmp_path)["arrays"])
    maps = [arrays[f"heat_maps_{number}"][:3].reshape(3, -1).astype(np.float64) for number in range(2)]
    measured = result.measured
    for a in range(3):
        for b in range(3):
            by_hand = []
            for one in maps:
                x, y = one[a] - one[a].mean(), one[b] - one[b].mean()
                by_hand.append((x @ y) / np.sqrt((x @ x) * (y @ y)))
            assert measured["alike"][a][b] == pytest.approx(np.mean(by_hand), abs=1e-5)
        held = [sum(sorted(one[a])[-one.shape[1] // 4 :]) / one[a].sum() for one in maps]
        assert measured["gathered"][a] == pytest.approx(np.mean(held), abs=1e-5)
    shares = np.mean([arrays[f"attention_share_{number}"].mean((0, 1)) for number in range(2)], 0)
    columns = [*measured["share"], *(measured["marks"][name] for name in ("other words", "start", "end", "padding"))]
    np.testing.assert_allclose(columns, shares, atol=1e-5)
    assert sum(columns) == pytest.approx(1, abs=1e-4)


def test_a_centre_is_where_the_map_is_highest():
    from tools.experiments.where import _centres

    maps = np.zeros((2, 8, 8))
    maps[0, 1, 6] = 1.0  # upper right
    found = _centres(maps.reshape(2, -1), (8, 8))
    assert found[0] == pytest.approx((6.5 / 8, 1.5 / 8)) and found[1] == pytest.approx((0.5, 0.5))


def test_an_overlay_is_bright_where_the_map_is():
    result = run_experiment("where", {**GIVEN, "seeds": 1}, tiny_model())
    image = result.renders["seed 0"].image
    heat = np.zeros((8, 8))
    heat[:, 4:] = 1.0
    shown, plain = (np.asarray(one.convert("RGB"), dtype=float) for one in (overlay(image, heat), image))
    assert np.abs(shown[:, 48:] - plain[:, 48:]).max() <= 1  # as it was
    assert (shown[:, :16] <= 0.2 * plain[:, :16] + 1).all()
