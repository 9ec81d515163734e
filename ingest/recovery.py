"""What can be read of a damaged file of documents, saved into a new one.

It knows the rows of documents; how bytes of a damaged file are read is known to `salvage.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

from ingest.documents import Document
from ingest.lexical import LexicalIndex
from ingest.passages import split_passages
from ingest.queries import DOCUMENTS_FILE
from ingest.refusals import explained
from ingest.salvage import damage, readable_rows, set_aside


def recover_documents(home: Path) -> tuple[int, int, Path] | None:
    """Save what can be read of a damaged file of documents; the next sync makes all else again from it.

    Returns:
        How many documents were saved, how many could not be, and where the damaged file is now; None where the file is
        whole.
    """
    path = home / "index" / DOCUMENTS_FILE
    if damage(path) is None:
        return None
    saved: dict[str, Document] = {}
    known: set[str] = set()  # from elsewhere in the file, too: of a page that cannot be read no row is counted
    with explained(home):
        for record, origin, content_hash in readable_rows(path, "documents", "record, origin, hash"):
            try:
                document = Document(**json.loads(record), origin=origin)
                is_whole = document.content_hash == content_hash
            except (ValueError, TypeError, AttributeError):
                is_whole = False
            if is_whole:
                saved[document.id] = document
        for table, column in (("documents", "id"), ("passages", "document_id")):
            known.update(str(row[0]) for row in readable_rows(path, table, column))
        aside = set_aside(path)
        lexical = LexicalIndex(path)
        with lexical.transaction():
            for document in saved.values():
                lexical.insert(document, split_passages(document))
            lexical.begin(saved)
        lexical.close()
    return len(saved), len(known - saved.keys()), aside
