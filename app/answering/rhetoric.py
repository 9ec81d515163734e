"""What a sentence of an abstract does there: sets the scene, names a problem, proposes, says how, reports, points somewhere.

Cue phrases of scientific prose, after argumentative zoning. It knows nothing of questions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

Role = Literal["background", "problem", "contribution", "mechanism", "result", "resource"]

_CUES: dict[Role, str] = {
    "background": r"\bin the (evolving |growing )?(domain|field|area)\b|\bcurrently\b|\brecent(ly)?\b|\bcrucial\b|\bemerged\b"
    r"|\b(has|have) (gained|become|attracted)\b|\bfast-growing\b|\bwidely\b|\bplays? an?\b",
    "problem": r"\bchalleng|\bdespite\b|\bhowever\b|\bexisting (methods?|models?|approach)|\brarely\b|\baggravat|\bsuffer|\black\b"
    r"|\bcostly\b|\binadequate|\bleakage\b|\blow-fidelity\b|\bweak\b|\bconcerns?\b|\bdrift\b|\bbiased?\b|\blimit(ed|ation)"
    r"|\bunclear\b|\bremains?\b|\bdifficult|\bpoorly\b",
    "contribution": r"\bwe (propose|present|introduce|outline|develop|describe|report|investigate|show that)\b|\bnovel\b"
    r"|\bthis (paper|work|study|article) (outlines?|presents?|proposes?|introduces?|describes?)\b|\bour (approach|method|model)\b",
    "mechanism": r"\bby (having |means of )?\w+ing\b|\bwhile \w+ing\b|\bduring\b|\bkeep|\bswap|\busing\b|\bbased on\b|\balign"
    r"|\btrain\b|\blearn\b|\bpulling\b|\ballows?\b|\bwithout any\b|\blayers?\b|\bprocess\b|\bconstruct|\bsampling\b"
    r"|\btransform|\bvia\b|\bthrough\b|\bconsists? of\b|\bfirst\b.*\bthen\b|\binstead of\b|\brather than\b",
    "result": r"\boutperform|\bsuperior|\bstate-of-the-art\b|\bextensive\b|\bexperiments?\b|\bevaluat|\bdemonstrat|\bsurpass"
    r"|\baccura|\brobust|\bbenchmark|\bperformance\b|\bresults? (show|suggest|indicate)|\bsignificant|\bp ?[<=] ?0?\.\d|\bfound that\b"
    r"|\bwe (found|observed|compare)\b",
    "resource": r"https?://|\bavailable (at|on|online|https?)|\bproject page\b|\bcode (is|and)\b|\bgithub\b",
}
_PATTERNS = {role: re.compile(cue, re.I) for role, cue in _CUES.items()}

_LEANING = re.compile(
    r"^(this|these|those|such|it|they|besides|in addition|moreover|furthermore|at the same time|additionally|finally|with our)\b",
    re.I,
)


@lru_cache(maxsize=4096)
def role_strengths(sentence: str) -> Mapping[Role, int]:
    """Count the cues of each role in a sentence."""
    return {role: len(pattern.findall(sentence)) for role, pattern in _PATTERNS.items()}


def role_of(sentence: str) -> Role | None:
    """The role with the most cues; where two tie, the more telling one (how before what before whence)."""
    strengths = role_strengths(sentence)
    order: tuple[Role, ...] = ("resource", "problem", "mechanism", "result", "contribution", "background")
    best = max(order, key=lambda role: strengths[role])
    return best if strengths[best] else None


def leans_on_context(sentence: str) -> bool:
    """Whether a sentence opens with a word that points back ("This approach ...")."""
    return bool(_LEANING.match(sentence.strip()))
