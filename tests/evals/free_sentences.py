"""What the claim check makes of freely written sentences: `python -m tests.evals.free_sentences`.

132 sentences as a good language model would write them, of which one half is true of its passage and the other wrong in
one thing, half over the four documents and half over SciFact's abstracts. They were written by another hand that had
not seen the check: only scores by kind are shown, never a row.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from app.verification.claims import check
from tests.evals.results import Table, write_results

ROWS = Path(__file__).parent / "free_sentences_held_out.jsonl"
WANTED = {"near": ".90 kept", "paraphrase": ".90 kept with a judge"}


def main() -> None:
    rows = [json.loads(line) for line in ROWS.read_text("utf-8").splitlines()]
    passed: dict[tuple[bool, str], list[bool]] = defaultdict(list)
    for row in rows:
        verdict = check(row["sentence"], [row["passage"]])
        passed[row["true"], row["kind"]].append(verdict.label == "supported")
    kinds = sorted(passed, key=lambda key: (not key[0], key[1]))
    Table("free sentences that the claim check lets stand, no judge", ("is", "kind", "stand", "of", "wanted")).show(
        [
            ("true" if true else "false", kind, f"{sum(stood)}", f"{len(stood)}", WANTED.get(kind, ".03"))
            for true, kind in kinds
            if (stood := passed[true, kind])
        ]
    )
    false = [stood for (true, _), some in passed.items() if not true for stood in some]
    figures = {kind: [sum(stood), len(stood)] for (_, kind), stood in passed.items()}
    write_results("free_sentences", figures | {"false": [sum(false), len(false)]})


if __name__ == "__main__":
    main()
