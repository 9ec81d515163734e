"""Is this sentence confirmed, and by what? By its passage's own words, or by a judge that reads the two together.

Without a judge a near-quotation passes and nothing else does. With one it decides, and only what `vetoes.py` finds in
plain words is refused over it. Knows no language model; a judge is whoever says yes or no to a passage and a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.verification.claims import EntailmentModel, check, is_verbatim
from app.verification.subjects import dangling, in_its_own_voice
from app.verification.vetoes import vetoes

QUOTED, NEAR = "quoted", "near-quotation"
CONFIRMED = 0.5
"""How likely an entailment model must hold it."""


class Judge(Protocol):
    """Reads passages with sentences, a pair at a time."""

    @property
    def name(self) -> str:
        """What it is called where a sentence says who confirmed it."""

    def supports(self, pairs: Sequence[tuple[str, str]]) -> list[bool | None]:
        """Say of each (passage, sentence) whether the passage supports the sentence; None where that stays open."""


@dataclass(frozen=True)
class EntailmentJudge:
    """A cross-encoder as the judge."""

    name: str
    model: EntailmentModel

    def supports(self, pairs: Sequence[tuple[str, str]]) -> list[bool | None]:
        return [bool(score >= CONFIRMED) for score in self.model.scores(pairs)]


@dataclass(frozen=True)
class Claim:
    """A sentence with what it stands on.

    Args:
        passages: Texts that are cited for it.
        titles: The titles of their documents: they lend names, and no more.
        called: What the passages' one document is called; none where there are several.
    """

    sentence: str
    passages: tuple[str, ...]
    titles: tuple[str, ...] = ()
    called: tuple[str, ...] = ()


@dataclass(frozen=True)
class Confirmation:
    """What came of a claim: confirmed by its passage's words, by a judge of this name, or by nothing."""

    by: str | None
    reason: str = ""
    is_open: bool = False  # the judge could not be asked


def confirm(claims: Sequence[Claim], judge: Judge | None = None) -> list[Confirmation]:
    """Look at claims; a judge is asked once, for all that its word decides."""
    found: list[Confirmation | None] = [_by_words(claim, has_judge=judge is not None) for claim in claims]
    if judge is not None:
        open_ = [(n, claim) for n, (claim, one) in enumerate(zip(claims, found, strict=True)) if one is None]
        pairs = [(text, claim.sentence) for _, claim in open_ for text in _readings(claim)]
        said = iter(judge.supports(pairs) if pairs else [])
        for n, claim in open_:
            answers = [next(said) for _ in _readings(claim)]
            is_open = not any(answers) and None in answers
            why = f"{judge.name} {'could not be asked' if is_open else 'does not confirm it'}"
            found[n] = Confirmation(judge.name) if any(answers) else Confirmation(None, why, is_open)
    return [one or Confirmation(None, "its passages do not say this") for one in found]


def _readings(claim: Claim) -> list[str]:
    """What a judge is shown: each passage, and all together where there are several."""
    return [*claim.passages, " ".join(claim.passages)] if len(claim.passages) > 1 else [*claim.passages]


def _by_words(claim: Claim, *, has_judge: bool) -> Confirmation | None:
    """What the words alone decide; None leaves it to the judge."""
    if not claim.passages:
        return Confirmation(None, "it names no passage")
    if is_verbatim(claim.sentence, claim.passages):
        return Confirmation(QUOTED)
    if begins := dangling(claim.sentence, claim.passages):
        return Confirmation(None, f"it begins with “{begins}”")
    found = vetoes(claim.sentence, claim.passages, (*claim.titles, *claim.called))
    if found:
        return Confirmation(None, "; ".join(objection.reason for objection in found[:3]))
    reason = _not_near(claim)
    if not reason:
        return Confirmation(NEAR)
    return None if has_judge else Confirmation(None, reason)


def _not_near(claim: Claim) -> str:
    """Why a sentence is no near-quotation of its passages; empty where it is one."""
    said = [claim.sentence, *in_its_own_voice(claim.sentence, claim.called, claim.passages)]
    if any(check(words, claim.passages).label == "supported" for words in said):
        return ""
    verdict = check(claim.sentence, [*claim.passages, *claim.titles])
    if verdict.label != "supported":
        return "; ".join(verdict.reasons[:3]) or "its passages do not say this"
    is_title = bool(claim.titles) and check(claim.sentence, claim.titles).label == "supported"
    return "only a title says this" if is_title else ""
