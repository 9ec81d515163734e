"""``python -m ingest [PATH ...]``: index files and folders.

Documents that came from the given files and folders in an earlier run and are no longer there are removed from the
index; documents that came from anywhere else stay. Exit status: 0 all indexed, 2 something was rejected (the rest is
indexed, and what the index held of it stays).
"""

from __future__ import annotations

if __name__ == "__main__":
    from ingest.command import stop_quietly

    stop_quietly()

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from app.settings import UnusableSettings, read_settings, usable_path
from ingest.cluster import ClusterUnavailable, join_cluster
from ingest.command import Parser, leave
from ingest.errors import CorpusNote
from ingest.index import Index, IndexRefused
from ingest.recovery import recover_documents
from ingest.report import SyncReport
from ingest.vectors import EmbedderUnavailable, load_embedder
from ingest.watching import changes


def main(arguments: Sequence[str] | None = None) -> int:
    """Index what the arguments name and print what changed."""
    parser = Parser(prog="python -m ingest", description=(__doc__ or "").split("\n\n", 1)[1])
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files and folders (default: corpus/)")
    parser.add_argument("--home", metavar="DIR", help="where the index lies (default: UNDERTONE_HOME or .undertone)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--reindex", action="store_true", help="embed everything in the index again, by the embedder that is set now"
    )
    parser.add_argument("--watch", action="store_true", help="go on, and index what changes there within seconds")
    given = parser.parse_args(arguments)
    open_index = Index.remade if given.reindex else Index
    try:
        settings = read_settings(home=given.home)
        paths = [usable_path(path, "PATH") for path in given.paths] or [settings.corpus]
        if recovered := recover_documents(settings.home):
            saved, lost, aside = recovered
            again = "; index again what they came from" if lost else ""
            told = f"{saved} were saved, {lost} could not be read{again}; the damaged file is now {aside}"
            print(f"the documents in {settings.home} were damaged: {told}", file=sys.stderr)
        preparing = join_cluster(settings.ray).preparing(settings.embedder) if settings.ray else None
        index = open_index(settings.home, load_embedder(settings.embedder), settings.chroma_url, preparing)
        report = _synced(index, paths, shows_bar=sys.stderr.isatty() and not given.json)
        _tell(report, index, given.json)
        if given.watch:
            for _ in changes(paths):
                seen, report = report, index.sync_paths(paths)
                if report.changed or report.rejected != seen.rejected:
                    _tell(report, index, given.json)
    except (UnusableSettings, IndexRefused, EmbedderUnavailable, ClusterUnavailable) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    return 2 if report.rejected else 0


def _synced(index: Index, paths: Sequence[Path], *, shows_bar: bool) -> SyncReport:
    if not shows_bar:
        return index.sync_paths(paths)
    from tqdm import tqdm

    with tqdm(desc="indexing", unit=" documents") as bar:
        return index.sync_paths(paths, progress=lambda _: bar.update())


def _tell(report: SyncReport, index: Index, as_json: bool) -> None:
    """Print what a run changed, and what it could not use."""
    for line in (*map(str, report.notes), *map(str, report.rejected)):
        print(line, file=sys.stderr, flush=True)
    counts = {**vars(report), "rejected": len(report.rejected), "notes": [_noted(note) for note in report.notes]}
    if as_json:
        errors = [{"file": str(e.file), "line": e.line, "problem": str(e)} for e in report.rejected]
        print(json.dumps({**counts, "errors": errors, "documents": len(index)}), flush=True)
        return
    shown = ("added", "updated", "unchanged", "removed", "rejected")
    told = ", ".join(f"{counts[name]} {name}" for name in shown)
    print(f"{told}; {len(index)} documents in {index.home}", flush=True)


def _noted(note: CorpusNote) -> dict[str, object]:
    return {"file": str(note.file), "line": note.line, "note": note.said}


if __name__ == "__main__":
    leave(main)
