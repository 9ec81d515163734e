"""The style space on drawn artists and on renders: `python -m tests.evals.style_search [--quick]`.

24 hands train on 24 works each; 12 hands are never met. Test: twelve other scenes that every hand draws, each picture
once the query among all others of its group. What artists train and server aligns is the encoder's head; the clients
run in this process here, by the same code.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.evals.results import Table, write_results
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.results import blend
from tools.models import load_image_model
from tools.studio.captions import COLOUR_PHRASES, OBJECT_PHRASES, SETTING_PHRASES
from tools.studio.judges import load_judges
from tools.studio.vocabulary import BASIC
from tools.style_search.client import Client
from tools.style_search.demonstration import POOL, SEEN, TEST, Studio, draw_studio, measured, mixed
from tools.style_search.encoder import StyleEncoder, load_encoder, vectors_of
from tools.style_search.hands import draw_scenes
from tools.style_search.membership import membership
from tools.style_search.public import load_public
from tools.style_search.report import with_noise
from tools.style_search.retrieval import retrieval
from tools.style_search.search import Gallery, nearest
from tools.style_search.server import ALGORITHMS, OURS, POOLED, STYLES_ALONE, federate, pooled

SPLITS: tuple[float | None, ...] = (None, 0.1, 1.0, 100.0)
NOISES = (0.0, 0.06, 0.08, 0.12)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.style_search")
    parser.add_argument("--quick", action="store_true", help="one seed, one split, no noise")
    parser.add_argument("--seeds", type=int, default=3, help="of one style an artist; mixed splits have one")
    parser.add_argument("--state", type=Path, help="keep what was measured there; a run that was cut off goes on")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so much computing, and go on later")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    measuring = Measuring(load_encoder(), given.state, given.seconds)
    seeds = 1 if given.quick else given.seeds
    noises = NOISES[:1] if given.quick else NOISES
    turns = [(seed, SPLITS[:1], noises) for seed in range(seeds)] + [(0, () if given.quick else SPLITS[1:], ())]
    is_whole = all([measuring.seed(*turn) for turn in turns])
    if not is_whole:
        print("stopped: what follows is of what was measured; the same command goes on")
    kept = measuring.kept
    figures: dict[str, Any] = {
        "retrieval": show_retrieval(kept),
        "membership": show_attacks(kept),
        "cost": show_costs(kept),
    }
    if is_whole:
        figures["renders"] = renders(measuring.encoder, 2 if given.quick else 8)
        figures["find_10000_ms"] = find_ms()
    write_results("style_search-quick" if given.quick else "style_search", figures, is_whole=is_whole)


class Measuring:
    """Measures cell by cell; each is kept as soon as it is there.

    Args:
        state: Where; None keeps nothing beyond this run.
        seconds: Of computing, after which no further cell is begun.
    """

    def __init__(self, encoder: StyleEncoder, state: Path | None, seconds: float) -> None:
        self.encoder, self.state, self.seconds = encoder, state, seconds
        self.kept: dict[str, dict[str, Any]] = json.loads(state.read_text()) if state and state.exists() else {}
        self.plain: np.ndarray | None = None

    def seed(self, seed: int, splits: Sequence[float | None], noises: Sequence[float]) -> bool:
        """Measure all cells of a seed; False where the time was up before."""
        cells: dict[str, Callable[[Studio], dict[str, Any]]] = {}
        cells |= {name: partial(self._baseline, measure) for name, measure in BASELINES.items()}
        for beta in splits:
            for name in (*ALGORITHMS, POOLED):
                key = name if beta is None else f"{name}, beta {beta:g}"
                cells[key] = partial(self._algorithm, name, beta, seed)
        cells |= {f"noise {noise:g}": partial(self._attack, noise, seed) for noise in noises}
        missing = [key for key in cells if f"{seed}: {key}" not in self.kept]
        studio = self._studio(seed) if missing else None
        for key in missing:
            if time.process_time() > self.seconds:
                return False
            assert studio is not None
            self.kept[f"{seed}: {key}"] = cells[key](studio)
            print(f"seed {seed} {key}: {self.kept[f'{seed}: {key}']}", flush=True)
            if self.state:
                self.state.write_text(json.dumps(self.kept, indent=1))
        return True

    def _studio(self, seed: int) -> Studio:
        path = self.state.with_name(f"studio-{seed}.pt") if self.state else None
        if path and path.exists():
            return Studio(**torch.load(path, weights_only=False))  # written by this program a moment ago
        self.plain = draw_scenes(0, POOL + TEST) if self.plain is None else self.plain
        studio = draw_studio(self.encoder, seed, self.plain)
        if path:
            torch.save(vars(studio), path)
        return studio

    def _baseline(self, measure: Callable[[np.ndarray], np.ndarray], studio: Studio) -> dict[str, Any]:
        rows = []
        for some in (studio.shown[:SEEN], studio.shown[SEEN:]):
            vectors = measure(some.reshape(-1, *some.shape[2:]))
            artists, scenes = np.repeat(np.arange(len(some)), TEST), np.tile(np.arange(TEST), len(some))
            rows.append(astuple(retrieval(vectors, artists, scenes)))
        return {"retrieval": rows}

    def _algorithm(self, name: str, beta: float | None, seed: int, studio: Studio) -> dict[str, Any]:
        began = time.process_time()
        head, made = run(name, self.encoder, studio, beta, seed)
        seconds = time.process_time() - began
        size = sum(made.received_bytes.values()) if made else None
        return {"retrieval": [astuple(one) for one in measured(head, studio)], "seconds": seconds, "bytes": size}

    def _attack(self, noise: float, seed: int, studio: Studio) -> dict[str, Any]:
        clients = clients_of(studio.works)
        made = federate(with_noise(noise, STYLES_ALONE), clients, self.encoder, load_public(), seed)
        mean, worst = membership(made.styles, studio.works, studio.others)
        seen, unseen = (one.precision for one in measured(made.head, studio))
        return {"mean": mean, "worst": worst, "seen": seen, "unseen": unseen}


def clients_of(works: Sequence[torch.Tensor]) -> list[Callable[[bytes], bytes]]:
    return [Client(one, load_public(), secret).fit for secret, one in enumerate(works)]


def run(name: str, encoder: StyleEncoder, studio: Studio, beta: float | None, seed: int) -> Any:
    """The head, or each artist's, that an algorithm arrives at; and what passed."""
    works = mixed(studio.works, beta, seed)
    if name == POOLED:
        steps = ALGORITHMS[OURS].aligns
        return pooled(dict(encoder.head.state_dict()), works, load_public(), steps, seed), None
    made = federate(ALGORITHMS[name], clients_of(works), encoder, load_public(), seed)
    return made.heads or made.head, made


def histogram(pictures: np.ndarray) -> np.ndarray:
    """Root of the share of each of 216 colours: (N, 216), each of length 1."""
    cells = (pictures.reshape(len(pictures), -1, 3) // 43).astype(int) @ np.array([36, 6, 1])
    return np.stack([np.sqrt(np.bincount(cell, minlength=216) / len(cell)) for cell in cells])


@torch.no_grad()
def judged(pictures: np.ndarray) -> np.ndarray:
    """Channel means and deviations at each layer of the judges' trunk for style, standardised: (N, D) of length 1."""
    trunk = load_judges().texture
    rows = []
    for start in range(0, len(pictures), 64):
        signal = torch.from_numpy(pictures[start : start + 64].copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
        kept = []
        for layer in trunk:
            signal = layer(signal)
            if isinstance(layer, torch.nn.SiLU):
                kept += [signal.mean((2, 3)), signal.std((2, 3))]
        rows.append(torch.cat(kept, 1))
    found = torch.cat(rows)
    found = (found - found.mean(0)) / (found.std(0) + 1e-6)
    return np.asarray(torch.nn.functional.normalize(found, dim=1).numpy())


def untrained(pictures: np.ndarray) -> np.ndarray:
    torch.manual_seed(0)
    return vectors_of(StyleEncoder().eval(), pictures)


BASELINES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "colour histogram": histogram,
    "the judges' layer statistics": judged,
    "untrained encoder": untrained,
}


def by_key(kept: dict[str, dict[str, Any]], field: str) -> dict[str, list[dict[str, Any]]]:
    """What was measured under each key, over the seeds, where it has this field."""
    found: dict[str, list[dict[str, Any]]] = {}
    for key, cell in kept.items():
        if cell.get(field) is not None:
            found.setdefault(key.partition(": ")[2], []).append(cell)
    return found


def show_retrieval(kept: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The table of precision at 1, mean average precision and leak; means over seeds, with standard errors."""
    rows, told = [], {}
    for name, cells in by_key(kept, "retrieval").items():
        values = np.array([cell["retrieval"] for cell in cells])  # (seeds, 2, 3)
        mean = values.mean(0)
        error = values.std(0, ddof=1) / len(values) ** 0.5 if len(values) > 1 else np.full_like(mean, np.nan)
        told[name] = {"mean": mean.tolist(), "standard_error": np.nan_to_num(error).tolist(), "seeds": len(values)}
        said = [f"{mean[w, 0]:.3f} ± {error[w, 0]:.3f} / {mean[w, 1]:.3f} / {mean[w, 2]:.3f}" for w in (0, 1)]
        rows.append((name, *(cell.replace(" ± nan", "") for cell in said), str(len(values))))
    Table("Precision at 1 / mean average precision / leak", ("", "24 seen hands", "12 unseen", "seeds")).show(rows)
    return told


def show_attacks(kept: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What an attacker learns from what is shared, and what noise costs."""
    names = ("mean", "worst", "seen", "unseen")
    told = {
        key: {name: float(np.mean([cell[name] for cell in cells])) for name in names}
        for key, cells in by_key(kept, "worst").items()
    }
    rows = [(key, *(f"{value:.3f}" for value in cells.values())) for key, cells in told.items()]
    Table("Membership inference", ("", "AUC, mean", "AUC, worst artist", "seen", "unseen")).show(rows)
    return told


def show_costs(kept: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Seconds of computing for 24 artists and the server, and what one artist sends in a round."""
    told = {
        key: {name: float(np.mean([cell[name] for cell in cells])) for name in ("seconds", "bytes")}
        for key, cells in by_key(kept, "bytes").items()
        if "beta" not in key
    }
    rows = [(key, f"{cost['seconds']:.1f}", f"{cost['bytes']:,.0f}") for key, cost in told.items()]
    Table("What it costs", ("", "seconds of one core", "bytes from an artist in a round")).show(rows)
    return told


def renders(encoder: StyleEncoder, each: int) -> float:
    """Share of renders whose nearest other render has the same style; what they show varies."""
    rng = np.random.default_rng(3)
    model, pictures, styles = load_image_model("embedded"), [], []
    for number, style in enumerate(BASIC.styles):
        for _ in range(each):
            words = [list(group)[int(rng.integers(len(group)))] for group in (COLOUR_PHRASES, OBJECT_PHRASES)]
            place = list(SETTING_PHRASES.values())[int(rng.integers(len(SETTING_PHRASES)))][0]
            request = BlendRequest(
                f"a {' '.join(words)} {place}",
                (WeightedStyle(style, 1.0),),
                num_inference_steps=20,
                guidance_scale=model.default_guidance,
                seed=int(rng.integers(10_000)),
            )
            pictures.append(blend(request, model).images[0])
            styles.append(number)
    vectors, labels = vectors_of(encoder, pictures), np.array(styles)
    share = retrieval(vectors, labels, np.arange(len(labels))).precision
    rows = [(f"{len(pictures)} renders", f"{share:.3f}", ">= .95")]
    Table("Same style first", ("", "share", "wanted")).show(rows)
    return share


def find_ms() -> dict[str, float]:
    """Milliseconds to rank 10,000 pictures once the query is embedded: the first search, and the best of nine more."""
    vectors = np.random.default_rng(0).standard_normal((10_000, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery, taken = Gallery(tuple(map(str, range(10_000))), vectors), []  # type: ignore[arg-type]
    for _ in range(10):
        began = time.perf_counter()
        nearest(vectors[0], gallery, 6)
        taken.append(1000 * (time.perf_counter() - began))
    told = {"first": taken[0], "then": min(taken[1:])}
    rows = [(f"{when}, after the picture is embedded", f"{ms:.1f}", "50") for when, ms in told.items()]
    Table("find among 10,000", ("", "ms", "wanted")).show(rows)
    return told


if __name__ == "__main__":
    main()
