"""Blends that an answer proposes: which styles, by which method, of what; a person's click renders them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from app.understanding.followups import Conversation
from app.understanding.styles import Style, subject_in

DEFAULT_SUBJECT = "a red house in a meadow"
DEFAULT_STYLE = "watercolor"
REFERENCE_SUBJECT = "a blue boat"  # another thing than the subject: what comes over is style, not content
SHOWN = "The render proposed below shows what your own mix does: how far the model follows each style, step by step."
SEE_IT_HAPPEN = "See it happen."
"""What the button beside the corpus's key-and-value sentence asks."""


def method_for(question: str, conversation: Conversation, *, weighted: bool) -> str:
    """`prompt` for a question about words in one prompt; for shares the method in use, at first the gradual one."""
    if not weighted and re.search(r"\bprompt", question, re.I):
        return "prompt"
    used = conversation.blends[-1].get("method") if conversation.blends else None
    return used if weighted and used not in (None, "prompt", "reference") else "composable"


def proposal(question: str, conversation: Conversation, styles: Sequence[Style], method: str) -> dict[str, Any]:
    """The tool call that renders these styles; what was set in the blend before stays."""
    last = conversation.blends[-1] if conversation.blends else {}
    subject = subject_in(question) or last.get("subject") or DEFAULT_SUBJECT
    kept = {key: last[key] for key in ("steps", "guidance", "seed") if key in last}
    weights = [{"text": s.text, "weight": round(s.share or 0.0, 4)} for s in styles]
    return {"tool": "blend_styles", "arguments": {"subject": subject, "styles": weights, "method": method, **kept}}


def swap_proposal(conversation: Conversation) -> dict[str, Any]:
    """The tool call that runs the corpus's key-and-value swap: a subject in the first style, a picture in the last."""
    styles = [style.text for style in conversation.styles]
    last = conversation.blends[-1] if conversation.blends else {}
    arguments = {
        "subject": last.get("subject") or DEFAULT_SUBJECT,
        "styles": [{"text": text, "weight": 1.0} for text in styles[:-1][:1]],
        "method": "reference",
        "references": [{"prompt": f"{REFERENCE_SUBJECT}, {(styles or [DEFAULT_STYLE])[-1]}"}],
    }
    return {"tool": "blend_styles", "arguments": arguments}
