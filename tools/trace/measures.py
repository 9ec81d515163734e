"""Every measure, and what all of them together say of a run.

Adding one is a file with a subclass of Measure and a line in MEASURES. It knows nothing about any of them.
"""

from collections.abc import Mapping
from typing import Any

from tools.trace.attention_share import AttentionShare
from tools.trace.classifier import SeenByModel
from tools.trace.facts import Fact, Figure
from tools.trace.left_out import LeftOut
from tools.trace.measure import Measure
from tools.trace.noise import Noise
from tools.trace.parameters import Parameters
from tools.trace.rulers import Rulers
from tools.trace.split_share import SplitShare
from tools.trace.steps import Steps
from tools.trace.swapped import Swapped

MEASURES: tuple[type[Measure], ...] = (
    Swapped,
    AttentionShare,
    Noise,
    Rulers,
    SplitShare,
    LeftOut,
    SeenByModel,
    Parameters,
    Steps,
)
"""In the order in which they are told."""

SCHEMA: dict[str, str] = {
    "format": "the version of this schema",
    "timing.encode_s": "seconds for the prompts' embeddings, of the whole batch",
    "timing.render_s": "seconds for the render and what was measured during it, of the whole batch",
    "timing.per_image_s": "seconds for both, over the number of images",
    "timesteps": "(steps) the training timestep of each step: 999 is noise, 0 is the image",
    "not_traced": "why nothing was measured during the render; absent where it was",
    "images.styles": "the styles that were rendered: duplicates merged, those without a share left out",
    "images.shares": "(styles) the shares that were set, 0..1, their sum is 1",
    "images.prompts": "the text of each conditional pass",
    "images.withheld_by_safety_checker": "whether the checkpoint's own checker blanked the image",
    "npz.latents": "(images, 4, height, width) float32, the finished latents",
    **{place: meaning for measure in MEASURES for place, meaning in measure.schema.items()},
}
"""What stands in measurements.json and measurements.npz, with shapes and units; each traced run carries it along.

Shapes are in words: (steps, phrases) is a list of steps, each a list with one number per phrase. A name of a step or a
phrase is that of `timesteps` and `attention.phrases`. What a method does not have is absent.
"""


def facts_of(measurements: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Say what was measured of a run and its first image."""
    return tuple(fact for measure in MEASURES for fact in measure.facts(measurements))


def figures_of(measurements: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The figures of a run and its first image; each fact names one of them, or a place in measurements.json."""
    return tuple(figure for measure in MEASURES for figure in measure.figures(measurements))
