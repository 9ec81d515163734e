"""The training set: every scene in every style, drawn once into memory-mapped arrays.

Knows nothing about models. Scenes are drawn in the order of their numbers, so what exists is always a prefix.
"""

import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tools.studio.fitting import Log
from tools.studio.recipe import Ledger, Recipe
from tools.studio.scenes import SIZE_PX, Scene, draw_styles, sample_scene
from tools.studio.vocabulary import DRAWN, Vocabulary

Pictures = npt.NDArray[np.uint8]


def scene_seed(recipe: Recipe, number: int, held_out: bool) -> int:
    """The seed of scene `number`: training and held-out seeds never meet."""
    return number + (recipe.held_out_seed if held_out else recipe.seed * 100_000)


def scene_of(recipe: Recipe, number: int, held_out: bool, vocabulary: Vocabulary = DRAWN) -> Scene:
    """Scene `number` of the training set or of the held-out set."""
    return sample_scene(scene_seed(recipe, number, held_out), vocabulary)


def _draw(seed: int) -> Pictures:
    return draw_styles(sample_scene(seed, DRAWN), styles=DRAWN.styles)


def _path(work: Path, held_out: bool) -> Path:
    return work / ("held_out.npy" if held_out else "scenes.npy")


def pictures(work: Path, recipe: Recipe, held_out: bool = False) -> Pictures:
    """The drawn scenes, (scenes, styles, SIZE_PX, SIZE_PX, 3) uint8, read-only and memory-mapped."""
    drawn = recipe.held_out_scenes
    if not held_out:
        drawn = int(str(Ledger(work).facts["draw"]["scenes"]))
    return np.load(_path(work, held_out), mmap_mode="r")[:drawn]


def draw(recipe: Recipe, work: Path, log: Log) -> None:
    """Draw the held-out scenes, then training scenes until all are drawn or the stage's time is up."""
    ledger = Ledger(work)
    if ledger.done("draw"):
        return
    used_s, began = ledger.seconds.get("draw", 0.0), time.monotonic()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fork = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    with multiprocessing.get_context(fork).Pool(cores) as pool:
        for held_out, count in ((True, recipe.held_out_scenes), (False, recipe.scenes)):
            path, key = _path(work, held_out), "held_out_drawn" if held_out else "scenes"
            first = int(str(ledger.facts.get("draw", {}).get(key, 0)))
            shape = (count, len(DRAWN.styles), SIZE_PX, SIZE_PX, 3)
            mode = "r+" if path.exists() else "w+"
            array = np.lib.format.open_memmap(path, mode=mode, dtype=np.uint8, shape=shape)
            seeds = [scene_seed(recipe, number, held_out) for number in range(first, count)]
            for number, drawn in enumerate(pool.imap(_draw, seeds, chunksize=4), start=first):
                array[number] = drawn
                elapsed_s = used_s + time.monotonic() - began
                if (number + 1) % 200 == 0 or number + 1 == count:
                    array.flush()
                    ledger.write("draw", elapsed_s, **{key: number + 1})
                    log(f"draw {key} {number + 1}/{count} {elapsed_s:.0f} s")
                    if not held_out and elapsed_s > recipe.stage_seconds("draw", ledger.seconds):
                        pool.terminate()
                        break
    ledger.write("draw", used_s + time.monotonic() - began, done=True)
