"""Does the diffusion classifier see the right style? `python -m tests.evals.classifier`, on held-out scenes.

Each scene is drawn in every style, encoded, and judged by noise-prediction error among all styles; and the same for
what the model itself renders when it is asked for one style. The scenes' seeds are far from those that training draws
from.
"""

import argparse
from collections.abc import Iterator, Sequence

import torch

from tests.evals.results import Table, write_results
from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.models import ImageModel, load_image_model
from tools.studio.captions import SETTING_PHRASES
from tools.studio.geometry import Scene
from tools.studio.scenes import STYLES, draw_styles, sample_scene
from tools.trace.classifier import DRAWS, TEMPERATURE, classify_styles

FIRST_SEED = 20_000_000
TEMPERATURES = (0.003, 0.005, TEMPERATURE, 0.02, 0.04)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.classifier", description=__doc__)
    parser.add_argument("--image-model", default="embedded")
    parser.add_argument("--scenes", type=int, default=20, help="scenes drawn in each style")
    parser.add_argument("--renders", type=int, default=10, help="scenes rendered in each style")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--quick", action="store_true", help="a quarter of the scenes")
    options = parser.parse_args(arguments)
    share = 4 if options.quick else 1
    model = load_image_model(options.image_model)
    figures: dict[str, object] = {"model": {"name": model.name, "sha256": model.sha256}, "draws": options.draws}
    for name, count, make in (
        ("drawn", options.scenes // share, drawn),
        ("rendered", options.renders // share, rendered),
    ):
        if count:
            judged = [classify_styles(model, x, text, STYLES, draws=options.draws) for text, x in make(model, count)]
            errors, votes = (torch.stack([getattr(one, what) for one in judged]) for what in ("errors", "votes"))
            figures[name] = report(name, errors, votes)
    usual = parser.parse_args(["--quick"] if options.quick else [])
    write_results("classifier-quick" if options.quick else "classifier", figures, is_whole=options == usual)


def drawn(model: ImageModel, count: int) -> Iterator[tuple[str, torch.Tensor]]:
    """Held-out scenes, each drawn in all styles and encoded: its subject, and latents (styles, 4, h, w)."""
    for scene in (sample_scene(FIRST_SEED + number) for number in range(count)):
        pictures = draw_styles(scene, model.size_px)
        signal = torch.from_numpy(pictures).permute(0, 3, 1, 2).to(model.device, model.dtype) / 127.5 - 1
        with torch.no_grad():
            latents = model.pipeline.vae.encode(signal).latent_dist.mean * model.pipeline.vae.config.scaling_factor
        yield subject_of(scene), latents


def rendered(model: ImageModel, count: int) -> Iterator[tuple[str, torch.Tensor]]:
    """The same subjects as the model renders them, one style at a time."""
    for number in range(count):
        subject, guidance = subject_of(sample_scene(FIRST_SEED + number)), model.default_guidance
        requests = [
            BlendRequest(subject, (WeightedStyle(style, 1.0),), "prompt", guidance_scale=guidance, seed=number)
            for style in STYLES
        ]
        yield subject, torch.from_numpy(blend(requests, model, trace=False).arrays["latents"])


def subject_of(scene: Scene) -> str:
    article = "an" if scene.colour[0] in "aeio" else "a"
    return f"{article} {scene.colour} {scene.object} {SETTING_PHRASES[scene.setting][0]}"


def report(name: str, errors: torch.Tensor, votes: torch.Tensor) -> dict[str, object]:
    """Print and return how often the truth, which is the diagonal, has the smallest error; (scenes, styles, styles)."""
    truth = torch.arange(len(STYLES))
    by_style = (errors.argmin(-1) == truth).float().mean(0)
    accuracy, by_votes = float(by_style.mean()), float((votes.argmax(-1) == truth).float().mean())
    probability = (-errors / TEMPERATURE).softmax(-1).diagonal(dim1=1, dim2=2)
    likelihoods = {t: round(log_likelihood(errors, t), 4) for t in TEMPERATURES}
    table = Table(f"diffusion classifier, {len(errors)} scenes {name} in each style", ("true style", "right"))
    table.show([(style, f"{share:.0%}") for style, share in zip(STYLES, by_style.tolist(), strict=True)])
    print(f"\n  in all {accuracy:.1%} (by votes {by_votes:.1%}; chance {1 / len(STYLES):.1%})")
    print("  mean log-likelihood of the truth by temperature:", likelihoods)
    return {
        "images": errors.shape[0] * errors.shape[1],
        "accuracy": accuracy,
        "accuracy_by_votes": by_votes,
        "accuracy_by_style": dict(zip(STYLES, by_style.tolist(), strict=True)),
        "mean_probability_of_truth": float(probability.mean()),
        "log_likelihood_by_temperature": likelihoods,
    }


def log_likelihood(errors: torch.Tensor, temperature: float) -> float:
    """Mean log-probability of the true style: what a calibrated temperature makes largest. (scenes, styles, styles)."""
    return float((-errors / temperature).log_softmax(-1).diagonal(dim1=1, dim2=2).mean())


if __name__ == "__main__":
    main()
