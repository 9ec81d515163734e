"""Contact sheets of the embedded image model, for eyes: `python -m tests.evals.sheets` (or `make sheets`).

`docs/styles.png` shows some of the objects in every style, `docs/pairs.png` two things in one picture;
`docs/blends.png` sweeps from one style to another by three methods; `docs/sweep.png` is one of those sweeps with its
measured curves; `docs/references.png` shows a drawn scene in each style and what it does to three subjects;
`docs/copies.png` has renders beside the nearest drawing of the training set. With `--before FOLDER`,
`docs/editions.png` sets older editions beside.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.evals.likeness import nearest, training_scenes
from tests.evals.studio import METHODS
from tests.evals.subjects import Subject, render, single_style_requests, subjects
from tools.blend.references import Reference, reference_id
from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.blend.style_prompting import StylePrompting
from tools.experiments.flip import sweep
from tools.experiments.strip import draw_strip
from tools.models import ImageModel, load_image_model
from tools.studio.judges import at_judged_size
from tools.studio.scenes import BASIC, COLOURS, OBJECTS, PICTURE_PX, SETTINGS, STYLES, Scene, draw

DOCS = Path(__file__).resolve().parents[2] / "docs"
LABEL_PX = 18
SHOWN = range(0, len(OBJECTS), len(OBJECTS) // 6)
"""Six objects fit beside each other at their own size."""


def styles_sheet(model: ImageModel) -> Image.Image:
    """A row for each style, a column for some of the objects; colour and setting change from object to object."""
    shown = [Subject(i, (5 * n) % len(COLOURS), (3 * n) % len(SETTINGS)) for n, i in enumerate(SHOWN)]
    requests = [
        BlendRequest(s.text, (WeightedStyle(style, 1.0),), "prompt", guidance_scale=model.default_guidance, seed=20 + i)
        for style in STYLES
        for i, s in enumerate(shown)
    ]
    images = [image for image, _ in render(model, requests)]
    rows = [np.concatenate(images[k * len(shown) : (k + 1) * len(shown)], axis=1) for k in range(len(STYLES))]
    return _labelled(rows, list(STYLES))


def pairs_sheet(model: ImageModel) -> Image.Image:
    """Two things in each of six styles, in two settings."""
    styles = [STYLES[k * len(STYLES) // 6] for k in range(6)]
    asked = ("a black cat beside a red mug on the beach", "a blue car next to a pink flower at night")
    requests = [
        BlendRequest(text, (WeightedStyle(style, 1.0),), "prompt", guidance_scale=model.default_guidance, seed=60)
        for text in asked
        for style in styles
    ]
    images = [image for image, _ in render(model, requests)]
    rows = [np.concatenate(images[k : k + len(styles)], axis=1) for k in range(0, len(images), len(styles))]
    return _labelled(rows, [f"{text}: {', '.join(styles)}" for text in asked])


def blends_sheet(model: ImageModel, points: int = 5) -> Image.Image:
    """From "photographic style" to "digital illustration" at one seed: three subjects by each method."""
    subjects = ("a red house in a meadow", "a yellow car at sunset", "a blue boat on the beach")
    rows, labels = [], []
    for method in METHODS:
        for n, subject in enumerate(subjects):
            requests = [
                BlendRequest(
                    subject,
                    (WeightedStyle(STYLES[0], float(1 - w)), WeightedStyle(STYLES[1], float(w))),
                    method,
                    guidance_scale=model.default_guidance,
                    seed=31 + n,
                )
                for w in np.linspace(0, 1, points)
            ]
            rows.append(np.concatenate([image for image, _ in render(model, requests)], axis=1))
            labels.append(f"{method}: from {STYLES[0]} to {STYLES[1]}" if n == 0 else "")
    return _labelled(rows, labels)


def sweep_sheet(model: ImageModel, points: int = 9) -> Image.Image:
    """One sweep, as `python -m tools sweep` draws it."""
    styles = (WeightedStyle(STYLES[0], 1.0), WeightedStyle(STYLES[1], 1.0))
    request = BlendRequest("a red house in a meadow", styles, guidance_scale=model.default_guidance, seed=31)
    result = sweep(request, points, model)
    return draw_strip(result.requests, result.images, result.measurements["sweep"])


def references_sheet(model: ImageModel) -> Image.Image:
    """First three subjects without a reference; below, a reference in each style at the left, and the same seeds."""
    wanted = ("a red house in a meadow", "a yellow car at sunset", "a blue boat on the beach")
    scene = Scene(21_900_000, "cat", "orange", "desert")
    empty = np.full((PICTURE_PX, PICTURE_PX, 3), 255, np.uint8)
    rows, labels = [], []
    for style in (None, *STYLES):
        picture = Image.fromarray(draw(scene, style, PICTURE_PX)) if style else None
        name = reference_id(picture) if picture else ""
        given = (Reference(image=name, seed=1),) if picture else ()
        method, guidance = "reference" if picture else "prompt", model.default_guidance
        requests = [
            BlendRequest(subject, (), method, guidance_scale=guidance, seed=40 + n, references=given)
            for n, subject in enumerate(wanted)
        ]
        prompting = StylePrompting(pictures={name: picture} if picture else {})
        images = blend(requests, model, trace=False, prompting=prompting).images
        shown = [empty if picture is None else np.asarray(picture), *(np.asarray(i.convert("RGB")) for i in images)]
        rows.append(np.concatenate(shown, axis=1))
        labels.append(f"reference: {style}" if style else "no reference")
    return _labelled(rows, labels)


def copies_sheet(model: ImageModel, rows: int = 10, columns: int = 5) -> Image.Image:
    """Renders, each with the nearest drawing that the model was trained on at its right, at the judges' size."""
    asked = subjects(rows * columns, seed=3)
    styles = [STYLES[n % len(STYLES)] for n in range(len(asked))]
    requests = single_style_requests(model, asked, 700)
    pictures = at_judged_size(np.stack([image for image, _ in render(model, requests)]))
    shown = []
    for picture, style, seen in zip(pictures, styles, training_scenes([s.scene for s in asked]), strict=True):
        drawing = draw(nearest(picture, seen, style)[1], style) if seen else np.full_like(picture, 255)
        shown.append(np.concatenate([picture, drawing, np.full_like(picture[:, :6], 255)], axis=1))
    whole = [np.concatenate(shown[k : k + columns], axis=1) for k in range(0, len(shown), columns)]
    return Image.fromarray(np.concatenate(whole))


def editions_sheet(model: ImageModel, before: Sequence[ImageModel]) -> Image.Image:
    """The same prompts and seeds by editions of the model: the older above, enlarged where they are smaller.

    What is shown all editions know: each of the basic styles once.
    """
    shown = [Subject(i, (4 * i) % len(BASIC.colours), i % len(BASIC.settings)) for i in range(0, len(BASIC.objects), 2)]
    requests = [
        BlendRequest(
            shown[n].text, (WeightedStyle(style, 1.0),), "prompt", guidance_scale=model.default_guidance, seed=20 + n
        )
        for n, style in enumerate(BASIC.styles)
    ]
    rows = []
    for one in (*before, model):
        pictures = [
            Image.fromarray(image).resize((PICTURE_PX,) * 2, Image.Resampling.BICUBIC)
            for image, _ in render(one, requests)
        ]
        rows.append(np.concatenate([np.asarray(picture) for picture in pictures], axis=1))
    return _labelled(rows, [*(f"before: {one.size_px} px" for one in before), f"now: {model.size_px} px"])


def _labelled(rows: list[np.ndarray], labels: list[str]) -> Image.Image:
    heights = [PICTURE_PX + (LABEL_PX if label else 0) for label in labels]
    sheet = Image.new("RGB", (rows[0].shape[1], sum(heights)), "white")
    pen, font, y = ImageDraw.Draw(sheet), ImageFont.load_default(size=12), 0
    for row, label in zip(rows, labels, strict=True):
        if label:
            pen.text((4, y + 2), label, fill="black", font=font)
            y += LABEL_PX
        sheet.paste(Image.fromarray(row), (0, y))
        y += PICTURE_PX
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.sheets", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="some of them by name; all where none is named")
    parser.add_argument(
        "--before", nargs="+", metavar="FOLDER", help="older editions of the model, for docs/editions.png"
    )
    options = parser.parse_args()
    model = load_image_model("embedded")
    DOCS.mkdir(exist_ok=True)
    sheets = {
        "styles.png": styles_sheet,
        "pairs.png": pairs_sheet,
        "blends.png": blends_sheet,
        "sweep.png": sweep_sheet,
        "references.png": references_sheet,
        "copies.png": copies_sheet,
    }
    if options.before:
        earlier = [load_image_model(folder) for folder in options.before]
        editions_sheet(model, earlier).save(DOCS / "editions.png", optimize=True)
    for name in options.names or ([] if options.before else sheets):
        sheets[name](model).save(DOCS / name, optimize=True)
        print(f"written to docs/{name}")


if __name__ == "__main__":
    main()
