"""Whether a text has begun to repeat itself and will not stop by itself. Knows letters and lines, no meaning."""

from __future__ import annotations

from collections import Counter

MIN_REPEATED_CHARS = 300
MAX_PERIOD_CHARS = 160
TIMES = 6
"""How often a piece must follow itself."""
LINES = 5
"""How often a long line must come again, wherever."""
MIN_LINE_CHARS = 24


def is_looping(text: str) -> bool:
    """Say whether a text ends in one piece again and again, or is made of the same lines."""
    if len(text) < MIN_REPEATED_CHARS:
        return False
    tail = text[-TIMES * MAX_PERIOD_CHARS :]
    for period in range(1, MAX_PERIOD_CHARS + 1):
        repeated = max(TIMES * period, MIN_REPEATED_CHARS)
        if len(tail) >= repeated and tail[-repeated:-period] == tail[-repeated + period :]:
            return True
    if not text.endswith(("\n", "]", "}", ".")):
        return False
    lines = Counter(line.strip() for line in text[-8_000:].splitlines() if len(line.strip()) >= MIN_LINE_CHARS)
    return bool(lines) and max(lines.values()) >= LINES
