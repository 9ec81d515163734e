"""Does the diffusion classifier see the right style? `python -m tests.evals.classifier`, on drawn held-out scenes.

Each scene is drawn in every style, encoded, and judged by noise-prediction error among all styles. The scenes' seeds
are far from those that training draws from.
"""

import argparse

import numpy as np
import torch

from tests.evals.results import Table, write_results
from tools.models import load_image_model
from tools.studio.captions import SETTING_PHRASES
from tools.studio.geometry import sample_scene
from tools.studio.scenes import STYLES, draw
from tools.trace.classifier import DRAWS, TEMPERATURE, classify_styles

FIRST_SEED = 20_000_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.classifier", description=__doc__)
    parser.add_argument("--image-model", default="embedded")
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--draws", type=int, default=DRAWS)
    options = parser.parse_args()
    model = load_image_model(options.image_model)
    truth = torch.arange(len(STYLES))
    right, votes_right, confidence, errors = [], [], [], []
    for number in range(options.scenes):
        scene = sample_scene(FIRST_SEED + number)
        subject = f"a {scene.colour} {scene.object} {SETTING_PHRASES[scene.setting][0]}"
        drawn = np.stack([draw(scene, style) for style in STYLES])
        signal = torch.from_numpy(drawn).permute(0, 3, 1, 2).to(model.device, model.dtype) / 127.5 - 1
        with torch.no_grad():
            latents = model.pipeline.vae.encode(signal).latent_dist.mean * model.pipeline.vae.config.scaling_factor
        judgement = classify_styles(model, latents, subject, STYLES, draws=options.draws)
        right.append(judgement.probabilities.argmax(1) == truth)
        votes_right.append(judgement.votes.argmax(1) == truth)
        confidence.append(judgement.probabilities.gather(1, truth[:, None])[:, 0])
        errors.append(judgement.errors)
    by_style = torch.stack(right).float().mean(0)
    accuracy, by_votes = float(by_style.mean()), float(torch.stack(votes_right).float().mean())
    likelihoods = {t: _log_likelihood(torch.stack(errors), t) for t in (0.003, 0.005, TEMPERATURE, 0.02, 0.04)}
    table = Table(f"Diffusion classifier, {options.scenes} scenes, {options.draws} draws", ("true style", "right"))
    table.show([(style, f"{share:.0%}") for style, share in zip(STYLES, by_style.tolist(), strict=True)])
    print(f"\n  in all {accuracy:.1%} (by votes {by_votes:.1%}; chance {1 / len(STYLES):.1%})")
    print("  mean log-likelihood of the truth by temperature:", {t: round(v, 3) for t, v in likelihoods.items()})
    write_results(
        "classifier",
        {
            "model": {"name": model.name, "sha256": model.sha256},
            "scenes": options.scenes,
            "draws": options.draws,
            "accuracy": accuracy,
            "accuracy_by_votes": by_votes,
            "accuracy_by_style": dict(zip(STYLES, by_style.tolist(), strict=True)),
            "mean_probability_of_truth": float(torch.stack(confidence).mean()),
            "log_likelihood_by_temperature": likelihoods,
        },
    )


def _log_likelihood(errors: torch.Tensor, temperature: float) -> float:
    """Mean log-probability of the true style: what a calibrated temperature makes largest. (scenes, styles, styles)."""
    return float((-errors / temperature).log_softmax(-1).diagonal(dim1=1, dim2=2).mean())


if __name__ == "__main__":
    main()
