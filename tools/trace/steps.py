"""The picture that the model was heading for at each step: the predicted x_0, decoded small, as one sheet per image.

Frames are smaller than the picture, so the VAE's decoder runs only as far as their size, and what it has made by then
is mapped to colours linearly, by the map that fits the finished pictures best. Of a large model even that costs more
than it tells: its latents themselves are mapped.
"""

import functools
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from tools.models import as_preview, decode_latents
from tools.noising import alpha_at, predict_original
from tools.trace.measure import Measure, Watched
from tools.trace.passes import StepPrediction

MAX_FRAMES = 50
"""Of a longer render, steps evenly apart are kept."""
MAX_COLUMNS = 10
MAX_SHEETS = 5
"""The first image and each of four styles alone; further images of a batch get no sheet."""
MAX_SIZE_PX = 128
"""A frame's longer side; the page shows them larger, and they are previews."""


class Steps(Measure):
    name = "steps"
    always = False
    schema: ClassVar[Mapping[str, str]] = {
        "steps.timesteps": "(frames) the training timestep of each frame of a sheet",
        "steps.steps": "(frames) which step each frame shows, from 0",
        "steps.columns": "how many frames stand side by side in a sheet; they run from left to right, row by row",
        "steps.size_px": "a frame's width",
        "steps.height_px": "a frame's height",
        "steps.files": "(images) the sheet of each of the first images; null where the safety checker withheld it",
    }

    def __init__(self, watched: Watched) -> None:
        super().__init__(watched)
        self.originals: list[torch.Tensor] = []  # by step, (items, 4, h, w) float16 on the CPU

    def observe(self, step: StepPrediction) -> None:
        noise = step.predicted.float()
        if step.without is not None:
            noise = step.without.float() + self.watched.guidance_scale * (noise - step.without.float())
        alpha = alpha_at(self.watched.model.pipeline.scheduler, step.timestep)
        self.originals.append(predict_original(step.latents.float(), noise, alpha).half().cpu())

    def of_run(self) -> dict[str, Any]:
        frames, timesteps, files = self._frames(), self.watched.timesteps, []
        for number, picture in enumerate(self.watched.pictures[:MAX_SHEETS]):
            files.append(None if picture is None else file_of(number))
        width, height = self._size_px()
        return {
            "steps": {
                "timesteps": [timesteps[step] for step in frames],
                "steps": frames,
                "columns": min(len(frames), MAX_COLUMNS),
                "size_px": width,
                "height_px": height,
                "files": files,
            }
        }

    def pictures(self) -> dict[str, Image.Image]:
        sheets, size_px = {}, self._size_px()
        whole = self._scale >= self.watched.model.pipeline.vae_scale_factor
        pairs = list(zip(self.watched.asked, self.watched.pictures, strict=True))
        for number, (item, picture) in enumerate(pairs[:MAX_SHEETS]):
            if picture is not None:
                originals = torch.stack([self.originals[step][item] for step in self._frames()]).float()
                frames = decode_latents(self.watched.model, originals, True) if whole else self._mapped(originals)
                sheets[file_of(number)] = _sheet(frames, size_px)
        return sheets

    def _frames(self) -> list[int]:
        """The steps that are kept, the last always among them."""
        n = len(self.originals)
        count = min(n, MAX_FRAMES)
        return [round((place + 1) * n / count) - 1 for place in range(count)]

    def _size_px(self) -> tuple[int, int]:
        height, width = self.watched.latent_size
        scale = min(float(self.watched.model.pipeline.vae_scale_factor), MAX_SIZE_PX / max(height, width))
        return round(width * scale), round(height * scale)

    @functools.cached_property
    def _scale(self) -> int:
        """How many pixels of what is mapped lie along a latent: a power of two, the frames' own size or the next."""
        wanted = 1 if self.watched.model.is_large else self._size_px()[0] / self.watched.latent_size[1]
        return int(2 ** math.ceil(math.log2(wanted)))

    @functools.cached_property
    def _colours(self) -> np.ndarray:
        """(features + 1, 3) the map from features to sRGB, 0..255, that fits the finished pictures best."""
        shown = [n for n, picture in enumerate(self.watched.pictures) if picture is not None]
        features = self._features(self.watched.latents[shown])
        size = features.shape[3], features.shape[2]
        small = [self.watched.pictures[n].resize(size, Image.Resampling.BOX) for n in shown]  # type: ignore[union-attr]
        colours = np.concatenate([np.asarray(picture.convert("RGB"), np.float64).reshape(-1, 3) for picture in small])
        rows = _rows(features)  # of many thousands of rows the normal equations are solved much sooner
        return np.linalg.lstsq(rows.T @ rows, rows.T @ colours, rcond=None)[0]

    def _mapped(self, originals: torch.Tensor) -> list[Image.Image]:
        """Latents (frames, 4, h, w) as pictures of `_scale` pixels a latent."""
        features = self._features(originals)
        weights = torch.from_numpy(self._colours.T).float()
        found = F.conv2d(features, weights[:, :-1, None, None], weights[:, -1]).permute(0, 2, 3, 1)
        return [Image.fromarray(frame) for frame in found.round().clamp(0, 255).byte().numpy()]

    def _features(self, latents: torch.Tensor) -> torch.Tensor:
        """What the decoder makes of latents (n, 4, h, w) on its way to pictures, (n, features, h, w times `_scale`)."""
        if self._scale == 1:
            return latents.float().cpu()
        vae = self.watched.model.pipeline.vae
        level = int(math.log2(self._scale))
        with as_preview(self.watched.model):
            x = latents.to(self.watched.model.device, vae.dtype) / vae.config.scaling_factor
            x = x if vae.post_quant_conv is None else vae.post_quant_conv(x)
            x = vae.decoder.mid_block(vae.decoder.conv_in(x))
            for block in vae.decoder.up_blocks[:level]:
                x = block(x)
            for resnet in vae.decoder.up_blocks[level].resnets:
                x = resnet(x, None)
        # normed as the next level norms it, or what comes early, of other strength, leaves the colours' range
        normed = F.group_norm(x.float(), vae.config.norm_num_groups)
        return torch.cat([normed, F.silu(normed)], 1).cpu()


def file_of(number: int) -> str:
    """The sheet of an image by its place in the batch."""
    return f"steps-{number}.png" if number else "steps.png"


def _rows(latents: torch.Tensor) -> np.ndarray:
    """(n, 4, h, w) as one row for each position, with a 1 at its end."""
    rows = latents.permute(0, 2, 3, 1).reshape(-1, latents.shape[1]).double().numpy()
    return np.concatenate([rows, np.ones((len(rows), 1))], 1)


def _sheet(frames: list[Image.Image], size_px: tuple[int, int]) -> Image.Image:
    columns = min(len(frames), MAX_COLUMNS)
    width, height = size_px
    sheet = Image.new("RGB", (columns * width, math.ceil(len(frames) / columns) * height))
    for number, frame in enumerate(frames):
        scaled = frame if frame.size == size_px else frame.resize(size_px, Image.Resampling.BICUBIC)
        sheet.paste(scaled, (number % columns * width, number // columns * height))
    return sheet
