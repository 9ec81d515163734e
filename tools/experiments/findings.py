"""What an experiment found out: a verdict, the facts that it rests on, and the figures that show them."""

from dataclasses import dataclass

from tools.trace.facts import Fact, Figure


@dataclass(frozen=True)
class Findings:
    """What an experiment found out."""

    verdict: str  # one to three sentences that no fact contradicts
    facts: tuple[Fact, ...]
    figures: tuple[Figure, ...]
