"""What a person can begin with: a question for the corpus, a blend, an experiment.

One source for the empty page, for small talk and for the answers that have nothing to ask on from. Questions about the
documents are made by the page, from whatever the corpus holds.
"""

SEED_QUESTION = (
    "I mixed “photographic style” and “digital illustration” in one prompt and got an image that blended both "
    "perfectly. How does AI balance multiple styles at once—what’s happening with the weights under the hood?"
)
BLENDS = ("Render a red house in a meadow, half watercolor and half pencil sketch",)


def experiments_between(first: str, second: str) -> dict[str, str]:
    """Ask what no document says of two styles and a render can show: by experiment, its question."""
    return {
        "flip": f"At which weight does “{first}” turn into “{second}”?",
        "order": f"Does the order of “{first}” and “{second}” in a prompt matter?",
    }


EXPERIMENTS = tuple(experiments_between("photographic style", "digital illustration").values())
STARTERS = (SEED_QUESTION, BLENDS[0], EXPERIMENTS[0])
