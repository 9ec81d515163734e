"""Each style's part in what cross-attention added, where the styles are blended in the embedding.

`embedding_split.py` works it out.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from tools.trace.facts import Fact, Figure, listed
from tools.trace.measure import Arrays, Measure, first_image, mean, rounded

FIGURE = "embedding_split.output_share_by_step"


class SplitShare(Measure):
    name = "embedding_split"
    schema: ClassVar[Mapping[str, str]] = {
        "images.embedding_split.output_share_by_step": "(steps, styles) ||w_i A z_i W_v W_o|| over the styles' sum, "
        "0..1, mean over layers",
        "images.embedding_split.output_cosine_by_step": "(steps, styles) cosine of that part to the whole output, "
        "-1..1",
        "images.embedding_split.logit_share_by_step": "(steps, styles) ||w_i q (z_i W_k)^T|| over the styles' sum, "
        "0..1",
        "images.embedding_split.logit_cosine_by_step": "(steps, styles) cosine of that part to all logits, -1..1",
        "npz.split_*": "(steps, layers, styles) float32, as images.embedding_split, of image *",
    }

    def of_image(self, item: int) -> tuple[dict[str, Any], Arrays]:
        splits = self.watched.attention.splits
        if splits is None or not any(one.parts for one in self.watched.images[item].passes):
            return {}, {}
        table = splits.table(item, len(self.watched.timesteps))
        found = {f"{name}_by_step": rounded(values.mean(1)) for name, values in table.items()}
        return {"embedding_split": found}, {f"split_{name}": values.numpy() for name, values in table.items()}

    @classmethod
    def facts(cls, measurements: Mapping[str, Any]) -> Iterator[Fact]:
        image = first_image(measurements)
        if split := image.get("embedding_split"):
            shares = mean(split["output_share_by_step"])
            numbers = dict(zip(image["styles"], shares, strict=True))
            yield Fact("split", f"Of what cross-attention added, {listed(image['styles'], shares)}.", FIGURE, numbers)

    @classmethod
    def figures(cls, measurements: Mapping[str, Any]) -> Iterator[Figure]:
        image = first_image(measurements)
        if split := image.get("embedding_split"):
            rows = split["output_share_by_step"]
            yield Figure(
                id=FIGURE,
                title="Each style's part in what cross-attention added",
                kind="lines",
                along=list(range(1, len(rows) + 1)),
                along_title="denoising step",
                names=image["styles"],
                rows=rows,
                measure="share",
                percent=True,
                shows="the exact split of the blended embedding's effect: keys and values are linear in it.",
                does_not_show="what later layers made of it.",
            )
