"""Visual Style Prompting: what references add to a render of the stock pipeline.

A reference drawn from a prompt is one more image of the pipeline's batch; a stored picture is one more row of each
UNet call, made anew from the picture and fresh noise. Both give their keys and values (`attention_swap.py`), and for a
short while their colours. It knows nothing about the command line, the page or how results are kept.

Source: Jeong et al. 2024, "Visual Style Prompting with Swapping Self-Attention" (arXiv 2402.12974).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch
from PIL import Image

from tools.blend.attention_swap import KeyValueSwap, SwapRow, chosen_layers, late_layers
from tools.blend.conditioning import Conditioning, make_conditioning
from tools.blend.references import Reference, ReferenceError, fit_reference
from tools.blend.requests import BlendRequest
from tools.models import ImageModel
from tools.noising import add_noise, alpha_at, noise_between, predict_original


@dataclass(frozen=True)
class StylePrompting:
    """How references are used, and the stored pictures among them.

    Args:
        layers: Blocks or layers whose self-attention is swapped; none: the late ones of the architecture.
        emphasis: How far guidance leans towards the reference, 0 to 1, as `KeyValueSwap` has it; None: the
            architecture's; 0: the paper's.
        guidance: Guidance scale of a reference drawn from a prompt, after its first steps.
        first_guidance: The same in its first steps.
        first_steps: How many those are.
        calibrated: Colours are calibrated while the timestep lies strictly between these two.
        pictures: Stored pictures by their ids.
        compare: Also render each target at the same seed with the swap and the calibration off.
    """

    layers: tuple[str, ...] = ()
    emphasis: float | None = None
    guidance: float = 7.0
    first_guidance: float = 20.0
    first_steps: int = 3
    calibrated: tuple[int, int] = (100, 150)
    pictures: Mapping[str, Image.Image] = field(default_factory=dict)
    compare: bool = False

    def settled(self, unet: Any) -> "StylePrompting":
        """With layers and emphasis as they are for an architecture, where nothing was said.

        Raises:
            ValueError: If the model has none of the layers.
        """
        late = late_layers(unet)
        layers = chosen_layers(unet, self.layers or late.blocks)
        return replace(self, layers=layers, emphasis=late.emphasis if self.emphasis is None else self.emphasis)

    def to_json(self) -> dict[str, Any]:
        """What a record keeps of it."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("pictures", "compare")}

    @classmethod
    def from_json(cls, data: dict[str, Any], pictures: Mapping[str, Image.Image]) -> "StylePrompting":
        """Read what a record keeps.

        Raises:
            ValueError: If it is nothing of the kind.
        """
        try:
            low, high = (int(t) for t in data.get("calibrated", PAPERS_OWN.calibrated))
            return cls(
                layers=tuple(str(layer) for layer in data.get("layers", ())),
                emphasis=float(data.get("emphasis", 0.0)),
                guidance=float(data.get("guidance", PAPERS_OWN.guidance)),
                first_guidance=float(data.get("first_guidance", PAPERS_OWN.first_guidance)),
                first_steps=int(data.get("first_steps", PAPERS_OWN.first_steps)),
                calibrated=(low, high),
                pictures=pictures,
            )
        except (TypeError, ValueError) as error:
            raise ValueError(f'not a record of a reference: "reference" is wrong ({error})') from error


PAPERS_OWN = StylePrompting()


class StyleReferences:
    """The references of one render: its items are [pictures, drawn references, targets, targets without the swap].

    Args:
        model: What renders.
        requests: The targets, all with the same references.
        how: How the references are used.
        measure: Measure how far the swap moves each layer's output.

    Raises:
        ReferenceError: If a stored picture is missing.
        ValueError: If the model has no layer to swap, or a reference's prompt is too long for it.
    """

    def __init__(
        self, model: ImageModel, requests: Sequence[BlendRequest], how: StylePrompting, measure: bool = True
    ) -> None:
        self.model, self.requests, self.measure = model, requests, measure
        self.how = how = how.settled(model.pipeline.unet)
        first = requests[0]
        # a reference without a share changes nothing, and two of equal pixels or prompts are run twice all the same
        used = [(one, p) for one, p in zip(first.references, first.reference_shares, strict=True) if p > 0]
        used.sort(key=lambda pair: pair[0].image is None)
        self.used: list[Reference] = [one for one, _ in used]
        self.shares = [share for _, share in used]
        self.n_pictures = sum(one.image is not None for one in self.used)
        self.n_drawn = len(self.used) - self.n_pictures
        self.conditionings = [
            make_conditioning(model, r.prompt or "", [], "prompt", first.negative_prompt) for r in self.used
        ]
        self.swap = KeyValueSwap(model.pipeline.unet, how.layers, self.shares, how.emphasis or 0.0)
        self.calibrated_steps: list[int] = []
        self._pictures = [self._encode(one) for one in self.used[: self.n_pictures]]  # (4, h, w) each
        # on the CPU whatever the device: a seed then means the same noise everywhere
        self._noise = [torch.Generator("cpu").manual_seed(one.seed or 0) for one in self.used[: self.n_pictures]]

    @property
    def first_target(self) -> int:
        """The first target's place among the pipeline's images."""
        return self.n_drawn

    def all_conditionings(self, targets: Sequence[Conditioning]) -> tuple[Conditioning, ...]:
        """The conditionings of all items."""
        return (*self.conditionings, *targets, *(targets if self.how.compare else ()))

    def seeds(self) -> list[int]:
        """The seeds of the pipeline's images."""
        targets = [request.seed for request in self.requests]
        return [one.seed or 0 for one in self.used[self.n_pictures :]] + targets * (1 + self.how.compare)

    def add_pictures(self, latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """Put the stored pictures, with fresh noise for this timestep, before the pipeline's latents (n, 4, h, w)."""
        alpha = self._alpha(timestep)
        rows = []
        for picture, generator in zip(self._pictures, self._noise, strict=True):
            noise = torch.randn(picture.shape, generator=generator).to(picture)
            rows.append(add_noise(picture, noise, alpha))
        return torch.cat([torch.stack(rows).to(latents), latents]) if rows else latents

    def begin_call(self, rows: Sequence[tuple[int, int]]) -> None:
        """Tell the swap what the rows of the next UNet call are: (item, half) each."""
        n_references, n_targets = len(self.used), len(self.requests)
        self.swap.begin_call(
            [
                SwapRow(
                    half,
                    gives=item if item < n_references else None,
                    takes=n_references <= item < n_references + n_targets,
                    measured=self.measure and half == 1 and item == n_references,
                )
                for item, half in rows
            ]
        )

    def steer(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        step: int,
        without: torch.Tensor | None,
        predicted: torch.Tensor,
    ) -> torch.Tensor:
        """Return conditional predictions that give each item its own guidance and colours under the pipeline's formula.

        The pipeline makes u + g (c - u) of what it gets, with one g for all. An item that is to get another guided
        prediction e is given c = u + (e - u) / g.

        Args:
            latents: What the UNet saw, (items, 4, h, w).
            timestep: The step's timestep.
            step: How many UNet calls of this render came before.
            without: Unconditional predictions u; None where there is no guidance.
            predicted: Conditional predictions.
        """
        n_references, g = len(self.used), self.requests[0].guidance_scale
        low, high = self.how.calibrated
        calibrating = low < float(timestep) < high
        if without is None:
            base, guided, changed = torch.zeros(()), predicted.float(), []
        else:
            drawn = self.how.first_guidance if step < self.how.first_steps else self.how.guidance
            scales = [1.0] * self.n_pictures + [drawn] * self.n_drawn  # of a picture, the conditional prediction alone
            scales += [g] * (len(latents) - n_references)
            base = without.float()
            guided = base + torch.tensor(scales, device=latents.device)[:, None, None, None] * (predicted - base)
            changed = [item for item, scale in enumerate(scales) if scale != g]
        if calibrating:
            self.calibrated_steps.append(step)
            targets = range(n_references, n_references + len(self.requests))
            guided = self._calibrate(latents.float(), guided, self._alpha(timestep), targets)
            changed += targets
        steered = guided if without is None else base + (guided - base) / g
        out = predicted.clone()  # what nothing is asked of stays as it is, to the bit
        out[changed] = steered[changed].to(predicted)
        return out

    def _calibrate(
        self, latents: torch.Tensor, noise: torch.Tensor, alpha: float, targets: Sequence[int]
    ) -> torch.Tensor:
        """Return noise (items, 4, h, w) by which the targets' predicted originals have the references' colours."""
        original = predict_original(latents, noise, alpha)
        mean = original.mean((2, 3), keepdim=True)
        spread = original.std((2, 3), keepdim=True).clamp(min=1e-6)
        shares = torch.tensor(self.shares, device=latents.device)[:, None, None, None]
        n = len(self.used)
        # of two references, the means and the spreads are mixed by their shares
        wanted_mean, wanted_spread = (shares * mean[:n]).sum(0), (shares * spread[:n]).sum(0)
        calibrated = noise.clone()
        for item in targets:
            wanted = (original[item] - mean[item]) / spread[item] * wanted_spread + wanted_mean
            calibrated[item] = noise_between(latents[item], wanted, alpha)
        return calibrated

    def _alpha(self, timestep: torch.Tensor) -> float:
        return alpha_at(self.model.pipeline.scheduler, timestep)

    def _encode(self, reference: Reference) -> torch.Tensor:
        """The latents of a stored picture, (4, h, w)."""
        picture = self.how.pictures.get(reference.image or "")
        if picture is None:
            raise ReferenceError(f"the reference picture {reference.image} is not here; choose the picture again.")
        pipeline, first = self.model.pipeline, self.requests[0]
        size_px = (first.width_px or self.model.size_px, first.height_px or self.model.size_px)
        signal = pipeline.image_processor.preprocess(fit_reference(picture, *size_px))
        latents = pipeline.vae.encode(signal.to(self.model.device, pipeline.vae.dtype)).latent_dist.mean[0]
        return latents * pipeline.vae.config.scaling_factor

    def pictures_beside(self, images: Sequence[Image.Image]) -> dict[str, Image.Image]:
        """Name what is kept beside the targets: the references, and the targets without the swap.

        Args:
            images: All of the pipeline's.
        """
        stored = [self.how.pictures[str(one.image)] for one in self.used[: self.n_pictures]]
        found = dict(zip(self.file_names(), [*stored, *images[: self.n_drawn]], strict=True))
        without = images[self.n_drawn + len(self.requests) :]
        return {**found, **{_numbered("without_reference", n): image for n, image in enumerate(without)}}

    def parts(self) -> dict[str, slice]:
        """Which of the pipeline's images are neither targets nor stored pictures."""
        without = self.n_drawn + len(self.requests)
        return {"latents_reference": slice(self.n_drawn), "latents_without": slice(without, None)}

    def file_names(self) -> list[str]:
        return [_numbered("reference", n) for n in range(len(self.used))]

    def recorded(self) -> dict[str, Any]:
        """What a record keeps beside the requests: how the references were used, and which file holds which picture."""
        files = {str(one.image): name for one, name in zip(self.used, self.file_names(), strict=True) if one.image}
        return {"reference": {**self.how.to_json(), "pictures": files}}

    def measured(self) -> dict[str, Any]:
        """What is said of the run: the layers, how far each moved, and the conditions."""
        moved = [torch.stack(self.swap.moved[name]).cpu() for name in self.how.layers if name in self.swap.moved]
        return {
            "layers": list(self.how.layers),
            "moved": [round(float(values.mean()), 6) for values in moved],
            "moved_by_step": [[round(float(value), 6) for value in row] for row in zip(*moved, strict=True)],
            "references": [
                {"prompt": one.prompt, "image": one.image, "share": round(share, 6), "file": name}
                for one, share, name in zip(self.used, self.shares, self.file_names(), strict=True)
            ],
            "conditions": {**self.how.to_json(), "calibrated_steps": self.calibrated_steps},
        }


def _numbered(name: str, number: int) -> str:
    return f"{name}.png" if number == 0 else f"{name}-{number + 1}.png"
