"""arXiv's identifiers: what they look like, the paper behind one, and which version of a paper is the newest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

ARXIV_ID = re.compile(r"((?:\d{4}\.\d{4,5}|[a-z-]{2,20}(?:\.[A-Z]{2})?/\d{7}))(?:v(\d{1,4}))?")
"""An identifier and its version: "2501.00001v2", "math.GT/0309136"."""
_IN_TEXT = re.compile(
    rf"(?:https?://)?(?:www\.)?(?:arxiv\.org/(?:abs|pdf|html)/|arxiv:\s{{0,3}})?({ARXIV_ID.pattern})", re.I
)


def paper_of(identifier: Any) -> str | None:
    """Return the identifier without its version; None where it is none of arXiv's."""
    found = ARXIV_ID.fullmatch(identifier) if isinstance(identifier, str) else None
    return found[1] if found else None


def address_of(paper: str) -> str:
    return f"https://arxiv.org/abs/{paper}"


def identifier_in(text: str) -> str | None:
    """Return the identifier that a text is, or that an address of arXiv's leads to."""
    found = _IN_TEXT.fullmatch(text.strip().removesuffix(".pdf"))
    return found[1] if found else None


def age_of(fields: Mapping[str, Any]) -> tuple[int, str]:
    """Return what a newer version of a record has more of: the version's number, then the day of its last change."""
    found = ARXIV_ID.fullmatch(str(fields.get("id") or ""))
    versions = fields.get("versions")
    listed = [str(v.get("version", "")) for v in versions if isinstance(v, dict)] if isinstance(versions, list) else []
    numbers = [int(found[2])] if found and found[2] else []
    numbers += [int(v[1:]) for v in listed if re.fullmatch(r"v\d{1,4}", v)]
    return max(numbers, default=0), str(fields.get("update_date") or "")


def is_newer(age: tuple[int, str], than: tuple[int, str]) -> bool:
    """Whether what comes later takes the earlier one's place; where nothing tells, it does."""
    return age[0] > than[0] or (age[0] == than[0] and (age[1] >= than[1] or not age[1]))
