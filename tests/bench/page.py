"""python -m tests.bench.page: how long a person waits for the page, in chromium, by the clock of the browser's side.

The page's process is started and its corpus opened before; each figure is the median of several tries, a page each.
With `--before OLD` the page of another checkout is measured in turn with this one.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
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
    ROOT,
    SAID,
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
    document.activeElement.blur();  // in here, or a quick rerun is over before it is waited for
    await until(true);
    await until(false);
    return (performance.now() - begun) / 1000;
}"""


def main() -> int:
    """Run the bench, print its figures, and keep them with the day."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.page", description=__doc__)
    parser.add_argument("--tries", type=int, default=5)
    parser.add_argument("--before", type=Path, metavar="OLD", help="another checkout, measured in the same run")
    options = parser.parse_args()
    if options.before and not (options.before / "app" / "page.py").is_file():
        parser.error(f"--before {options.before} is no checkout of Undertone")
    if not CHROMIUM.exists():
        print("python -m tests.bench.page: needs Debian's chromium; apt-get install it", file=sys.stderr)
        return 2
    load = os.getloadavg()[0]
    pages = {"before": options.before.resolve(), "now": ROOT} if options.before else {"now": ROOT}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in pages}
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, contextlib.ExitStack() as stack:
        served_at = {
            name: stack.enter_context(served(Path(folder) / name, Path(folder) / f"{name}.log", checkout=checkout))
            for name, checkout in pages.items()
        }
        for address in served_at.values():
            open_page(browser, address, DESKTOP).close()  # opens the corpus
        for _ in range(options.tries):
            for name, address in served_at.items():
                found[name].append(wait_for_each(browser, address))
    medians = {
        name: {what: round(statistics.median(one[what] for one in tries), 2) for what in tries[0]}
        for name, tries in found.items()
    }
    print(f"{'':<44}" + "".join(f"{name:>9}" for name in medians))
    for what in medians["now"]:
        print(f"{what:<44}" + "".join(f"{of[what]:>7.2f} s" for of in medians.values()))
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
    page.locator(SAID).nth(1).filter(has_not=page.locator(".st-key-turn"), has_text=re.compile(r"\w")).wait_for()
    found["the long answer begins"] = time.perf_counter() - begun
    page.get_by_role("button", name="Render", exact=True).wait_for()
    found["its card can be clicked"] = time.perf_counter() - begun
    settle(page)
    page.get_by_role("spinbutton", name="Seed").fill("3")
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
