"""The style space on drawn artists and on renders: `python -m tests.evals.style_search [--quick] [--seeds N]`.

24 hands train on 24 works each; 12 hands are never met. Test: twelve other scenes that every hand draws, each picture
once the query among all others of its group. What artists train and server aligns is the encoder's head; the clients
run in this process here, by the same code.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
import torch

from tests.evals.results import Table, write_results
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.results import blend
from tools.models import load_image_model
from tools.studio.captions import COLOUR_PHRASES, OBJECT_PHRASES, SETTING_PHRASES
from tools.studio.judges import load_judges
from tools.studio.scenes import STYLES
from tools.style_search.client import Client
from tools.style_search.demonstration import POOL, SEEN, TEST, Studio, draw_studio, measured, mixed
from tools.style_search.encoder import StyleEncoder, load_encoder, vectors_of
from tools.style_search.hands import draw_scenes
from tools.style_search.membership import membership
from tools.style_search.public import load_public
from tools.style_search.report import with_noise
from tools.style_search.retrieval import Retrieval, retrieval
from tools.style_search.search import Gallery, nearest
from tools.style_search.server import ALGORITHMS, OURS, POOLED, STYLES_ALONE, federate, pooled

SPLITS: tuple[float | None, ...] = (None, 0.1, 1.0, 100.0)
NOISES = (0.0, 0.03, 0.06, 0.1, 0.2)
Rows = list[tuple[Retrieval, Retrieval]]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.style_search")
    parser.add_argument("--quick", action="store_true", help="one seed, one split, no noise")
    parser.add_argument("--seeds", type=int, default=3, help="of one style an artist; mixed splits have one")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    splits = SPLITS[:1] if given.quick else SPLITS
    noises = NOISES[:1] if given.quick else NOISES
    encoder, plain = load_encoder(), draw_scenes(0, POOL + TEST)
    found: dict[str, Rows] = {}
    attacks: dict[float, list[tuple[float, float, Retrieval, Retrieval]]] = {}
    costs: dict[str, Any] = {}
    for seed in range(1 if given.quick else given.seeds):
        studio = draw_studio(encoder, seed, plain)
        for name, vectors in baselines(studio).items():
            found.setdefault(name, []).append(vectors)
        for beta in splits if seed == 0 else SPLITS[:1]:
            for name in (*ALGORITHMS, POOLED):
                began = time.monotonic()
                head, made = run(name, encoder, studio, beta, seed)
                key = name if beta is None else f"{name}, beta {beta:g}"
                found.setdefault(key, []).append(measured(head, studio))
                if beta is None and made:
                    costs[name] = {"seconds": time.monotonic() - began, "bytes": sum(made.received_bytes.values())}
                print(f"seed {seed} {key}: {found[key][-1][0].precision:.3f}", flush=True)
        for noise in noises:
            made = federate(with_noise(noise, STYLES_ALONE), clients_of(studio.works), encoder, load_public(), seed)
            attack = membership(made.styles, studio.works, studio.others)
            attacks.setdefault(noise, []).append((*attack, *measured(made.head, studio)))
    figures = {"retrieval": show_retrieval(found), "membership": show_attacks(attacks), "cost": costs}
    Table("What it costs", ("algorithm", "seconds of 24 artists", "bytes from an artist in a round")).show(
        [(name, f"{cost['seconds']:.1f}", f"{cost['bytes']:,}") for name, cost in costs.items()]
    )
    figures["renders"] = renders(encoder, 2 if given.quick else 8)
    figures["find_10000_ms"] = find_ms()
    write_results("style_search-quick" if given.quick else "style_search", figures)


def clients_of(works: Sequence[torch.Tensor]) -> list[Callable[[bytes], bytes]]:
    return [Client(one, load_public()).fit for one in works]


def run(name: str, encoder: StyleEncoder, studio: Studio, beta: float | None, seed: int) -> Any:
    """The head, or each artist's, that an algorithm arrives at; and what passed."""
    works = mixed(studio.works, beta, seed)
    if name == POOLED:
        steps = 2 * ALGORITHMS[OURS].aligns
        return pooled(dict(encoder.head.state_dict()), works, load_public(), steps, seed), None
    made = federate(ALGORITHMS[name], clients_of(works), encoder, load_public(), seed)
    return made.heads or made.head, made


def baselines(studio: Studio) -> dict[str, tuple[Retrieval, Retrieval]]:
    """What needs no training for it: colours, the judges' statistics, an untrained encoder."""
    torch.manual_seed(0)
    measures: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "colour histogram": histogram,
        "the judges' layer statistics": judged,
        "untrained encoder": lambda pictures: vectors_of(StyleEncoder().eval(), pictures),
    }
    found = {}
    for name, measure in measures.items():
        rows = []
        for some in (studio.shown[:SEEN], studio.shown[SEEN:]):
            vectors = measure(some.reshape(-1, *some.shape[2:]))
            artists, scenes = np.repeat(np.arange(len(some)), TEST), np.tile(np.arange(TEST), len(some))
            rows.append(retrieval(vectors, artists, scenes))
        found[name] = (rows[0], rows[1])
    return found


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


def show_retrieval(found: dict[str, Rows]) -> dict[str, Any]:
    """The table of precision at 1, mean average precision and leak; means over seeds, with standard errors."""
    rows, kept = [], {}
    for name, runs in found.items():
        values = np.array([[astuple(seen), astuple(unseen)] for seen, unseen in runs])  # (seeds, 2, 3)
        mean = values.mean(0)
        error = values.std(0, ddof=1) / len(values) ** 0.5 if len(values) > 1 else np.zeros_like(mean)
        kept[name] = {"mean": mean.tolist(), "standard_error": error.tolist(), "seeds": len(runs)}
        cells = [
            f"{mean[who, 0]:.3f} ± {error[who, 0]:.3f} / {mean[who, 1]:.3f} / {mean[who, 2]:.3f}" for who in (0, 1)
        ]
        rows.append((name, *cells))
    Table("Precision at 1 / mean average precision / leak", ("", "24 seen hands", "12 unseen")).show(rows)
    return kept


def show_attacks(attacks: dict[float, list[tuple[float, float, Retrieval, Retrieval]]]) -> dict[str, Any]:
    """What an attacker learns from what is shared, and what noise costs."""
    rows, kept = [], {}
    for noise, runs in attacks.items():
        mean, worst = np.mean([run[0] for run in runs]), np.mean([run[1] for run in runs])
        seen, unseen = (float(np.mean([run[at].precision for run in runs])) for at in (2, 3))
        kept[f"{noise:g}"] = {"mean": float(mean), "worst": float(worst), "seen": seen, "unseen": unseen}
        rows.append((f"{noise:g}", f"{mean:.3f}", f"{worst:.3f}", f"{seen:.3f}", f"{unseen:.3f}"))
    Table("Membership inference", ("noise", "AUC, mean", "AUC, worst artist", "seen", "unseen")).show(rows)
    return kept


def renders(encoder: StyleEncoder, each: int) -> float:
    """Share of renders whose nearest other render has the same style; what they show varies."""
    rng = np.random.default_rng(3)
    model, pictures, styles = load_image_model("embedded"), [], []
    for number, style in enumerate(STYLES):
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


def find_ms() -> float:
    """Milliseconds to rank 10,000 pictures once the query is embedded: the best of ten."""
    vectors = np.random.default_rng(0).standard_normal((10_000, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery, taken = Gallery(tuple(map(str, range(10_000))), vectors), []  # type: ignore[arg-type]
    for _ in range(10):
        began = time.perf_counter()
        nearest(vectors[0], gallery, 6)
        taken.append(1000 * (time.perf_counter() - began))
    Table("find among 10,000", ("", "ms", "wanted")).show(
        [("after the picture is embedded", f"{min(taken):.1f}", "50")]
    )
    return min(taken)


if __name__ == "__main__":
    main()
