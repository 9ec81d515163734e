"""The commands `find`, `join` and `federate` of `python -m tools`: their options, and what they print.

The edge to the terminal. Settings and paths are read by whoever calls it.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from tools.blend.references import REFERENCES_FOLDER
from tools.style_search.demonstration import measured
from tools.style_search.encoder import WEIGHTS, StyleEncoder, load_encoder, save_encoder
from tools.style_search.public import load_public
from tools.style_search.report import run_one
from tools.style_search.representation import (
    MIN_WORKS,
    RepresentationError,
    SharedStyle,
    fit_gaussian,
    read_shared,
    write_shared,
)
from tools.style_search.search import Gallery, cache_of, gallery_of, nearest, renders_in, vector_of
from tools.style_search.server import ALGORITHMS, OURS, POOLED, align, artist_vectors, put_head
from tools.style_search.works import OnFile, open_picture, pictures_in, read_works

RENDERS, REFERENCES = "renders", "references"
ALIGN_STEPS = 400
NOISE = 0.08
"""What `join` adds: measured to hide most of which works were an artist's, at little cost (docs/results.md)."""
Read = Callable[..., Any]
Run = Callable[[argparse.Namespace], int]


def add_style_search(commands: Any, runs: Mapping[str, Run]) -> None:
    """Add the three commands."""
    find = commands.add_parser("find", help="the pictures nearest in style to one")
    find.add_argument("picture", metavar="PICTURE", help="a PNG or JPEG file")
    find.add_argument("--among", default=RENDERS, metavar="X", help=f"{RENDERS} (default), {REFERENCES}, or a folder")
    find.add_argument("--top", type=int, default=6, metavar="N", help="how many (default 6)")
    find.add_argument("--encoder", metavar="FILE", help="one that `federate` aligned (default: the packaged one)")
    join = commands.add_parser("join", help="what an artist shares: a file without any picture")
    join.add_argument("folder", metavar="FOLDER", help=f"the artist's works, {MIN_WORKS} PNG or JPEG files or more")
    join.add_argument("--artist", required=True, metavar="NAME", help="what the artist is called among the others")
    join.add_argument("--out", required=True, metavar="FILE.safetensors", help="the file to write")
    join.add_argument("--show", action="store_true", help="print every tensor with its shape and bytes")
    together = commands.add_parser("federate", help="align the encoder to what artists share")
    together.add_argument("files", nargs="*", metavar="FILE", help="from `join`; none: artists that are drawn")
    together.add_argument("--out", required=True, metavar="DIR", help="the folder to write into")
    names = [*ALGORITHMS, POOLED]
    together.add_argument("--algorithm", choices=names, default=OURS, metavar="A", help=f"{', '.join(names)}")
    together.add_argument("--beta", type=float, metavar="B", help="mix drawn artists by Dirichlet shares, .1 to 100")
    join.add_argument("--noise", type=float, default=NOISE, metavar="S", help=f"on what is shared (default {NOISE})")
    together.add_argument("--noise", type=float, default=0.0, metavar="S", help="on what is shared, 0 to 1 (default 0)")
    together.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn (default 0)")
    for name, command in (("find", find), ("join", join), ("federate", together)):
        command.add_argument("--json", action="store_true", help="print one JSON object")
        command.set_defaults(run=runs[name])


def style_runs(read_settings: Read, usable_path: Read) -> dict[str, Run]:
    """What runs each command."""

    def limited(run: Callable[..., int]) -> Run:
        return partial(_alone, partial(run, read_settings, usable_path))

    return {"find": limited(run_find), "join": limited(run_join), "federate": limited(run_federate)}


def _alone(run: Run, options: argparse.Namespace) -> int:
    torch.set_num_threads(1)  # a second thread waits more than it works on pictures this small
    return run(options)


def run_find(read_settings: Read, usable_path: Read, options: argparse.Namespace) -> int:
    if options.top < 1:
        raise ValueError(f"--top {options.top} finds nothing; give 1 or more")
    encoder = load_encoder(usable_path(options.encoder, "--encoder") if options.encoder else WEIGHTS)
    path = usable_path(options.picture, "PICTURE")
    try:
        picture = open_picture(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error
    gallery = _gallery(options.among, read_settings(), usable_path, encoder)
    if not gallery.files:
        raise ValueError(f"there is no picture among {options.among}; render one, or name a folder that holds some")
    found = nearest(vector_of(picture, encoder), gallery, options.top)
    lines = [f"{one.rank}. {one.file}{_placed(one.percentile)}" for one in found]
    head = f"Nearest in style to {path}, among {len(gallery.files)}:"
    data = {
        "status": "found",
        "picture": str(path),
        "among": len(gallery.files),
        "found": [{**asdict(one), "file": str(one.file)} for one in found],
        "skipped": list(gallery.skipped),
    }
    _say(options, [head, *lines, *(f"skipped {name}" for name in gallery.skipped)], data)
    return 0


def _placed(percentile: float | None) -> str:
    return "" if percentile is None else f"  (nearer than {percentile:.0f} of 100 pairs among them)"


def _gallery(among: str, settings: Any, usable_path: Read, encoder: StyleEncoder) -> Gallery:
    if among == RENDERS:
        return gallery_of(renders_in(settings.renders), encoder, on_file=_bar("pictures"))
    folder = settings.renders.parent / REFERENCES_FOLDER if among == REFERENCES else usable_path(among, "--among")
    files = pictures_in(folder) if folder.is_dir() or among != REFERENCES else []
    return gallery_of(files, encoder, cache_of(folder, settings.home), _bar("pictures"))


def run_join(read_settings: Read, usable_path: Read, options: argparse.Namespace) -> int:
    name, out = options.artist.strip(), usable_path(options.out, "--out")
    if not name or len(name) > 80 or not name.isprintable():
        raise ValueError("--artist is no name; give 1 to 80 characters on one line")
    if out.suffix != ".safetensors":
        raise ValueError(f"--out {out} is no .safetensors file; give a name that ends in it")
    _check_noise(options.noise)
    encoder = load_encoder()
    works = read_works(usable_path(options.folder, "FOLDER"), encoder, _bar("works"))
    try:
        rng = torch.Generator().manual_seed(secrets.randbits(62))  # noise that can be drawn again hides nothing
        gaussian = fit_gaussian(works.statistics, options.noise, rng)
    except RepresentationError as error:
        told = [f"skipped {one}" for one in works.skipped] + [f"{works.twice} hold the same pixels as another"] * (
            works.twice > 0
        )
        raise RepresentationError("; ".join([str(error), *told])) from error
    write_shared(SharedStyle(name, encoder.digest, gaussian), out)
    rows = [{"tensor": n, "shape": list(t.shape), "bytes": t.numel() * 4} for n, t in gaussian.tensors().items()]
    size = out.stat().st_size
    lines = [f"{out}: {size:,} bytes share the style of {len(works.files)} works, and none of them."]
    lines += [f"skipped {one}" for one in works.skipped]
    lines += [f"{works.twice} files with the same pixels as another were counted once"] * (works.twice > 0)
    if options.show:
        lines += [f"  {row['tensor']}  {row['shape']}  {row['bytes']:,} bytes" for row in rows]
        lines += [f"  artist  {name!r}", f"  encoder  {encoder.digest}"]
    data = {"status": "written", "file": str(out), "bytes": size, "tensors": rows, "artist": name}
    _say(options, lines, {**data, "encoder": encoder.digest, "works": len(works.files), "skipped": list(works.skipped)})
    return 0


def run_federate(read_settings: Read, usable_path: Read, options: argparse.Namespace) -> int:
    _check_noise(options.noise)
    if options.beta is not None and not 0.01 <= options.beta <= 1000:
        raise ValueError(f"--beta {options.beta:g} is none; give .01 to 1000")
    out = usable_path(options.out, "--out")
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {out} is a file; give a folder")
    encoder, public = load_encoder(), load_public()
    if options.files:
        if options.algorithm != OURS or options.beta is not None or options.noise:
            raise ValueError("files hold styles and no artists that train: leave out --algorithm, --beta and --noise")
        data, head = _from_files([usable_path(file, "FILE") for file in options.files], encoder, options.seed)
    else:
        given = (options.seed, options.beta, options.noise)
        head, studio, made = run_one(options.algorithm, encoder, public, given, _bar("artists"))
        seen, unseen = measured(head, studio)
        data = {"artists": len(studio.works), "algorithm": options.algorithm, "beta": options.beta}
        data |= {"noise": options.noise, "seen": asdict(seen), "unseen": asdict(unseen)}
        data |= {"received_bytes": dict(made.received_bytes) if made else None}
    out.mkdir(parents=True, exist_ok=True)
    if isinstance(head, dict):
        save_encoder(put_head(encoder, head), out / "encoder.safetensors")
    (out / "federation.json").write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    lines = [f"{data['artists']} artists, {data.get('algorithm', OURS)}; written to {out}"]
    for who in ("seen", "unseen"):
        if who in data:
            found = data[who]
            lines.append(f"{who}: nearest by the same artist {found['precision']:.3f}, leak {found['leak']:.3f}")
    _say(options, lines, {"status": "aligned", **data, "out": str(out)})
    return 0


def _from_files(files: list[Path], encoder: StyleEncoder, seed: int) -> tuple[dict[str, Any], Any]:
    """Align to files alone: nobody trains, and what they hold is all that is known."""
    shared = [read_shared(file, encoder.digest) for file in files]
    names = [one.artist for one in shared]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two artists are called {twice[0]!r}; one of them joins again with another --artist")
    styles = [one.gaussian for one in shared]
    head = align(dict(encoder.head.state_dict()), styles, load_public(), ALIGN_STEPS, seed, _bar("steps"))
    vectors = artist_vectors(head, styles).tolist()
    placed = [{"artist": name, "vector": vector} for name, vector in zip(names, vectors, strict=True)]
    return {"artists": len(shared), "algorithm": OURS, "styles": placed}, head


def _check_noise(noise: float) -> None:
    if not 0 <= noise <= 1:
        raise ValueError(f"--noise {noise:g} is none; give 0 to 1")


def _bar(unit: str) -> OnFile:
    bar = tqdm(total=1, unit=f" {unit}", disable=None, leave=False, file=sys.stderr)

    def done(count: int, total: int) -> None:
        bar.total = total
        bar.update(count - bar.n)
        if count == total:
            bar.close()

    return done


def _say(options: argparse.Namespace, lines: list[str], data: dict[str, Any]) -> None:
    print(json.dumps(data, ensure_ascii=False) if options.json else "\n".join(lines), flush=True)
