"""Twelve whys about weights, each asked on the page in chromium, run by a click, and read to its verdict.

`python -m tests.evals.why_on_the_page`. A question counts where the card that follows it is of the experiment that
finds out, and a verdict stands on the page after one click. It needs Debian's chromium and the embedded image model.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.browsing import CHROMIUM, DESKTOP, ask, chromium, open_page, served
from tests.evals.results import write_results
from tools.experiments.experiments import EXPERIMENTS

QUESTIONS = (
    ("flip", "If I slide slowly from watercolor to pencil sketch, where along the way does the picture change over?"),
    ("flip", "Why does an even mix of photographic style and digital illustration look so one-sided? "
             "Where is the tipping point?"),
    ("order", "I always name photographic style before digital illustration. "
              "Would it come out otherwise the other way round?"),
    ("methods", "There are several ways to mix half watercolor with half pencil sketch: do they come out alike?"),
    ("timing", "In which of the denoising steps is it settled whether watercolor or pencil sketch shapes the picture?"),
    ("seeds", "Was that balance between watercolor and digital illustration luck, or would other noise agree?"),
    ("seeds", "Can I rely on photographic style beating digital illustration, or is it so in this one picture only?"),
    ("leave_one_out", "What does photographic style contribute to its mix with digital illustration: "
                      "what is lost when it is dropped?"),
    ("guidance", "When I turn the CFG scale up, does one of watercolor and pencil sketch begin to drown the other?"),
    ("where", "Do photographic style and digital illustration each claim a region of the image, "
              "or do they sit on the same pixels?"),
    ("weaken", "If the embeddings of watercolor and pencil sketch are averaged, is each style fainter than alone?"),
    ("reference", "What becomes of the picture when its keys and values are taken from another image?"),
)  # fmt: skip
"""What finds out, and a why in words that no example has."""
CARD = '[class*="st-key-card-"]'
RUN_S = 180


def main() -> int:
    """Ask, click, read; print a table, and keep the answers with the day."""
    parser = argparse.ArgumentParser(prog="python -m tests.evals.why_on_the_page", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, help="the questions of these experiments alone")
    options = parser.parse_args()
    if not CHROMIUM.exists():
        print("python -m tests.evals.why_on_the_page: needs Debian's chromium; apt-get install it", file=sys.stderr)
        return 2
    asked = [(wanted, why) for wanted, why in QUESTIONS if not options.only or wanted in options.only]
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder) / "home", Path(folder) / "page.log") as address,
        chromium() as browser,
    ):
        for wanted, why in asked:
            page = open_page(browser, address, DESKTOP)
            row = walk(page, wanted, why)
            rows.append(row)
            page.close()
            print(
                f"{'yes' if row['verdict'] else 'NO ':<4}{wanted:<15}{why}\n    {row['verdict'] or row['instead']}",
                flush=True,
            )
    reached = sum(bool(row["verdict"]) for row in rows)
    print(f"{reached} of {len(rows)} reach a verdict of the experiment that was meant")
    figures = {"command": "python -m tests.evals.why_on_the_page", "questions": rows}
    write_results("why_on_the_page", figures, is_whole=not options.only)
    return 0 if reached == len(rows) else 1


def walk(page: Any, wanted: str, why: str) -> dict[str, Any]:
    """From a question to the verdict on the page.

    Returns:
        `wanted` and `question`; `verdict`, or None and what came `instead`; `answer_s`, `run_s`: seconds on the page.
    """
    row: dict[str, Any] = {"wanted": wanted, "question": why, "verdict": None, "instead": "", "run_s": None}
    begun = time.perf_counter()
    ask(page, why)
    row["answer_s"] = round(time.perf_counter() - begun, 2)
    page.wait_for_timeout(1_000)  # the card is drawn last
    card = page.locator(CARD).last
    title = f"Find out by rendering: {wanted.replace('_', ' ')}"
    if page.locator(CARD).count() == 0 or title not in (shown := card.inner_text()):
        row["instead"] = shown.splitlines()[0] if page.locator(CARD).count() else "no card: the answer stands alone"
        return row
    begun = time.perf_counter()
    card.get_by_role("button", name="Run", exact=True).click()
    verdict = page.locator(".verdict").last
    verdict.wait_for(timeout=RUN_S * 1000)
    row["run_s"] = round(time.perf_counter() - begun, 2)
    row["verdict"] = verdict.inner_text()
    return row


if __name__ == "__main__":
    sys.exit(main())
