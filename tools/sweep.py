"""One seed at N weights from one style to another, rendered as one batch, and the strip that shows it."""

from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tools.blend import BlendRequest, BlendResult, OnStep, WeightedStyle, blend, save
from tools.models import ImageModel
from tools.record import png_text

MAX_POINTS = 33
MARGIN_PX, LABEL_PX = 4, 18


def sweep(request: BlendRequest, points: int, model: ImageModel, *, on_step: OnStep | None = None) -> BlendResult:
    """Render a request at evenly spaced weights of its second style, from 0 to 1.

    Args:
        request: Two styles, whose own weights do not count.
        points: How many images, 2 to MAX_POINTS.
        model: What renders them, as one batch.
        on_step: As in `blend`.

    Raises:
        ValueError: If there are not two styles, or too few or too many points.
    """
    if not 2 <= points <= MAX_POINTS:
        raise ValueError(f"a sweep has 2 to {MAX_POINTS} points, not {points}.")
    if len(request.styles) != 2:
        raise ValueError(f"a sweep goes from one style to another; {len(request.styles)} were given.")
    start, end = request.styles
    weights = [i / (points - 1) for i in range(points)]
    requests = [
        replace(request, styles=(WeightedStyle(start.text, 1 - w), WeightedStyle(end.text, w))) for w in weights
    ]
    return blend(requests, model, on_step=on_step, kind="sweep")


def save_sweep(result: BlendResult, out: Path) -> dict[str, Path]:
    """Write sweep.png, one PNG per point, record.json and measurements.json into `out`."""
    names = [f"point-{i:02d}-{r.shares[1]:.3f}.png" for i, r in enumerate(result.requests)]
    paths = save(result, out, names)
    strip = out / "sweep.png"
    draw_strip(result).save(strip, pnginfo=png_text({**result.record, "files": names}))
    return {"sweep": strip, **{name: path for name, path in paths.items() if name != "image"}}


def draw_strip(result: BlendResult) -> Image.Image:
    """Put a sweep's images side by side, each under the weight of the second style, the styles named at the ends."""
    width, height = result.images[0].size
    pitch = width + MARGIN_PX
    strip = Image.new("RGB", (pitch * len(result.images) + MARGIN_PX, height + 2 * LABEL_PX + MARGIN_PX), "white")
    draw = ImageDraw.Draw(strip)
    font = ImageFont.load_default(size=12)
    first, last = (style.text for style in result.request.styles)
    draw.text((MARGIN_PX, 2), first, fill="black", font=font)
    draw.text((strip.width - MARGIN_PX, 2), last, fill="black", font=font, anchor="ra")
    for i, (request, image) in enumerate(zip(result.requests, result.images, strict=True)):
        x = MARGIN_PX + i * pitch
        draw.text((x + width // 2, LABEL_PX + 2), f"{request.shares[1]:.2f}", fill="black", font=font, anchor="ma")
        strip.paste(image, (x, 2 * LABEL_PX))
    return strip
