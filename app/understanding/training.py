"""Trains the heads from the example files: `python -m app.understanding.training` (`make train-understanding`).

Embeds every example once with the frozen embedder, then trains the voters. Each leaves out an eighth of the lines,
another one, and is measured on it, and the temperature is fitted there: no training is for measuring alone.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from app.understanding.examples import Example, Span, training_examples
from app.understanding.features import LISTED, Features, features_of
from app.understanding.heads import TAGS, WEIGHTS, Heads, Network, batch
from app.understanding.request import EXPERIMENTS, KINDS
from ingest.vectors import load_embedder

VOTERS = 3
PARTS = 8
"""Of so many parts of the lines, each voter leaves out another one."""
EPOCHS = 7
BATCH = 64
RATE = 2e-3
DECAY = 0.02
CHUNK = 256
UNLISTED = 0.35
"""Of the messages, so many are shown as if no list knew their words, so that the heads do not lean on lists."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    given = parser.parse_args()
    torch.set_num_threads(min(2, os.cpu_count() or 1))
    started = time.perf_counter()
    examples = training_examples()
    features = embed(examples)
    print(f"{len(examples)} messages read in {time.perf_counter() - started:.0f} s", flush=True)
    groups = np.array([one.group for one in examples])
    part_of = np.random.default_rng(7).integers(0, PARTS, groups.max() + 1)[groups]
    voters = []
    for number in range(VOTERS):
        inside = np.flatnonzero(part_of != number).tolist()
        voters.append(fit([examples[n] for n in inside], [features[n] for n in inside], number))
    figures = measure(voters, examples, features, part_of)
    Heads(voters, figures["temperature"]).save(given.out)
    seconds = time.perf_counter() - started
    print(f"trained in {seconds:.0f} s; {given.out} {given.out.stat().st_size / 1e6:.2f} MB")
    write_card(given.out, examples, figures, seconds)


def embed(examples: Sequence[Example]) -> list[Features]:
    """Read every example, shortest together."""
    embedder = load_embedder()
    rng = np.random.default_rng(3)
    found: list[Features | None] = [None] * len(examples)
    order = sorted(range(len(examples)), key=lambda n: len(examples[n].text))
    for start in range(0, len(order), CHUNK):
        chunk = order[start : start + CHUNK]
        for n, reading in zip(chunk, embedder.read([examples[n].text for n in chunk]), strict=True):
            one = examples[n]
            made = features_of(one.text, reading, one.state, names_document=one.names_document)
            if rng.random() < UNLISTED:
                made.states[:, -LISTED:] = 0
            found[n] = Features(made.words, made.states.astype(np.float16), made.vector, made.grams, made.context)
    return [one for one in found if one]


def fit(examples: Sequence[Example], features: Sequence[Features], seed: int) -> Network:
    """Train one voter."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network()
    targets = [_target(one, has.words) for one, has in zip(examples, features, strict=True)]
    counts = Counter(one.kind for one in examples)
    weight = torch.tensor(
        [(len(examples) / len(KINDS) / counts[kind]) ** 0.5 if counts[kind] else 0.0 for kind in KINDS]
    )
    steps = EPOCHS * (len(examples) // BATCH + 1)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.15)
    network.train()
    for _ in range(EPOCHS):
        for places in _batches(features, rng):
            optimiser.zero_grad()
            loss = _loss(network(*batch([features[n] for n in places])), [targets[n] for n in places], weight)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    return network.eval()


def _batches(features: Sequence[Features], rng: np.random.Generator) -> list[list[int]]:
    """Batches of messages of about one length, in random order."""
    noise = rng.uniform(0, 4, len(features))
    order = np.argsort([len(one.words) + extra for one, extra in zip(features, noise, strict=True)])
    places = [list(map(int, order[at : at + BATCH])) for at in range(0, len(order), BATCH)]
    rng.shuffle(places)
    return places


def _target(example: Example, words: Sequence[tuple[int, int]]) -> tuple[int, int, list[int]]:
    kind = KINDS.index(example.kind)
    experiment = EXPERIMENTS.index(example.experiment) if example.experiment else len(EXPERIMENTS)
    if example.kind not in ("experiment", "ask"):
        experiment = -100
    return kind, experiment, [TAGS.index(tag) for tag in tags_of(example.spans, words)]


def tags_of(spans: Sequence[Span], words: Sequence[tuple[int, int]]) -> list[str]:
    """Tag words with the spans that they stand in."""
    tags = []
    for start, end in words:
        span = next((s for s in spans if s.start < end and s.end > start), None)
        is_first = span is not None and start <= span.start
        tags.append("O" if span is None else f"{'B' if is_first else 'I'}-{span.label}")
    return tags


def _loss(
    logits: tuple[Tensor, Tensor, Tensor], targets: Sequence[tuple[int, int, list[int]]], weight: Tensor
) -> Tensor:
    kinds, experiments, tags = logits
    cross = nn.functional.cross_entropy
    loss = cross(kinds, torch.tensor([t[0] for t in targets]), weight=weight, label_smoothing=0.05)
    wanted = torch.tensor([t[1] for t in targets])
    if (wanted >= 0).any():
        loss = loss + 0.4 * cross(experiments, wanted) * (wanted >= 0).float().mean() * 4
    width = tags.shape[1]
    said = torch.tensor([[*t[2], *[-100] * (width - len(t[2]))] for t in targets])
    return loss + 1.5 * cross(tags.flatten(0, 1), said.flatten())


def measure(
    voters: Sequence[Network], examples: Sequence[Example], features: Sequence[Features], part_of: NDArray[np.int64]
) -> dict[str, float]:
    """Judge the lines that each voter has left out by that voter alone; fit the temperature to that."""
    found, right_experiment, right_tags = [], [], []
    left_out: list[int] = []
    for number, network in enumerate(voters):
        outside = np.flatnonzero(part_of == number).tolist()
        left_out += outside
        heads = Heads([network])
        for start in range(0, len(outside), CHUNK):
            chunk = outside[start : start + CHUNK]
            with torch.inference_mode():
                found.append(network(*batch([features[n] for n in chunk]))[0])
            for n, judged in zip(chunk, heads.judge_all([features[n] for n in chunk]), strict=True):
                wanted = examples[n].experiment
                if wanted:
                    right_experiment.append(EXPERIMENTS[int(judged.experiments[:-1].argmax())] == wanted)
                right_tags.append(judged.tags == tags_of(examples[n].spans, features[n].words))
    logits = torch.cat(found)
    truth = torch.tensor([KINDS.index(examples[n].kind) for n in left_out])
    temperatures = np.linspace(0.4, 3.0, 53)
    losses = [float(nn.functional.cross_entropy(logits / t, truth)) for t in temperatures]
    temperature = float(temperatures[int(np.argmin(losses))])
    right = (logits.argmax(-1) == truth).numpy()
    sure = (logits / temperature).softmax(-1).max(-1).values.numpy()
    figures = {
        "kind": float(right.mean()),
        "experiment": float(np.mean(right_experiment)),
        "tags": float(np.mean(right_tags)),
    }
    figures |= {
        "temperature": temperature,
        "below_.6": float((sure < 0.6).mean()),
        "kind_above_.6": float(right[sure >= 0.6].mean()),
    }
    for number, kind in enumerate(KINDS):
        figures[f"kind {kind}"] = float(right[(truth == number).numpy()].mean())
    for name, figure in figures.items():
        print(f"  {name:16} {figure:.3f}", flush=True)
    return figures


def write_card(weights: Path, examples: Sequence[Example], figures: dict[str, float], seconds: float) -> None:
    """Write what the weights are beside them."""
    lines = len({one.group for one in examples})
    rows = "\n".join(f"| {name} | {figure:.3f} |" for name, figure in figures.items())
    sha = hashlib.sha256(weights.read_bytes()).hexdigest()
    text = f"""# Heads that understand messages

`{weights.name}`: {VOTERS} small networks in float16 over the frozen, packaged embedder (layers 2, 4 and 6 of
all-MiniLM-L6-v2 and its sentence
vector), with hashed n-grams and the conversation's state. They say a message's kind ({", ".join(KINDS)}), its
experiment, and which
words name styles, the subject and a setting.

- Made by `python -m app.understanding.training` on {date.today().isoformat()} in {seconds:.0f} s on two cores.
- Data: {lines} hand-written lines in `../examples/*.jsonl`, filled and spoilt by `../examples.py` into
{len(examples)} messages.
- SHA-256 `{sha}`, {weights.stat().st_size / 1e6:.2f} MB.

On the lines that each network left out (an eighth each), by that network alone, on messages of the same hand that wrote
the training lines, so optimistic:

| figure | value |
| --- | --- |
{rows}

Messages written by others are scored by `python -m tests.evals.understanding`.
"""
    (weights.parent / "README.md").write_text(text)


if __name__ == "__main__":
    main()
