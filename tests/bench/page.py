"""python -m tests.bench.page: how long a person waits for the page, in chromium, by the clock of the browser's side.

The page's process is started and its corpus opened before; each figure is the median of several tries, a page each.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.blend import RESULTS, processor
from tests.browsing import (
    CHROMIUM,
    DESKTOP,
    MAIN,
    QUESTION,
    SEED_STARTER,
    ask,
    chromium,
    open_page,
    render,
    served,
    settle,
)
from tests.evals.results import write_results

RERUN = """async () => {
    const is_running = () => document.querySelector('[data-test-script-state="running"]') !== null;
    const until = async (wanted) => {
        const begun = performance.now();
        while (is_running() !== wanted && performance.now() - begun < 10000) {
            await new Promise((done) => setTimeout(done, 4));
        }
    };
    const begun = performance.now();
    await until(true);
    await until(false);
    return (performance.now() - begun) / 1000;
}"""


def main() -> int:
    """Run the bench, print its figures, and keep them with the day."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.page", description=__doc__)
    parser.add_argument("--tries", type=int, default=5)
    options = parser.parse_args()
    if not CHROMIUM.exists():
        print("python -m tests.bench.page: needs Debian's chromium; apt-get install it", file=sys.stderr)
        return 2
    load = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder) / "home", Path(folder) / "page.log") as address,
        chromium() as browser,
    ):
        open_page(browser, address, DESKTOP).close()  # opens the corpus
        found = [wait_for_each(browser, address) for _ in range(options.tries)]
    medians = {what: round(statistics.median(one[what] for one in found), 2) for what in found[0]}
    for what, seconds in medians.items():
        print(f"{what:<44}{seconds:>7.2f} s")
    figures = {"command": "python -m tests.bench.page", "processor": processor(), "load_average": load}
    write_results("page", {**figures, "tries": options.tries, "median_s": medians}, RESULTS)
    return 0


def wait_for_each(browser: Any, address: str) -> dict[str, float]:
    """Seconds of each thing that a person waits for, on one page."""
    found = {}
    page = browser.new_page(viewport=DESKTOP)
    begun = time.perf_counter()
    page.goto(address)
    page.locator(QUESTION).wait_for()
    page.locator(MAIN).get_by_role("button", name=SEED_STARTER).first.wait_for()
    found["the empty page stands"] = time.perf_counter() - begun
    settle(page)
    begun = time.perf_counter()
    page.locator(MAIN).get_by_role("button", name=SEED_STARTER).first.click()
    page.locator(f"{MAIN} button.citation").first.wait_for()
    found["the long answer's first citation"] = time.perf_counter() - begun
    page.get_by_role("button", name="Render", exact=True).wait_for()
    found["its card can be clicked"] = time.perf_counter() - begun
    settle(page)
    page.get_by_role("spinbutton", name="Seed").fill("3")
    page.keyboard.press("Tab")
    found["a control is changed: the rerun ends"] = page.evaluate(RERUN)
    settle(page)
    begun = time.perf_counter()
    render(page)
    found["a render stands, after a click"] = time.perf_counter() - begun
    settle(page)
    begun = time.perf_counter()
    ask(page, "What is FedStyle?")
    found["a short answer, below it"] = time.perf_counter() - begun
    page.close()
    return found


if __name__ == "__main__":
    sys.exit(main())
