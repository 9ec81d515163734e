"""What people thought of an answer, and citations they reported: kept under the home, exported as JSON lines.

Each line holds the question, the answer as it was given and the passages it rested on, so that it can be judged long
after the corpus or the conversation changed. This module knows nothing of widgets.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, astuple, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from app.answers import Citation, CitedAnswer

Rating = Literal["up", "down"]
BUSY_TIMEOUT_S = 30.0
_TABLE = """CREATE TABLE IF NOT EXISTS feedback (
    conversation_id TEXT NOT NULL, answer_key TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL,
    passages TEXT NOT NULL, cited TEXT NOT NULL, rating TEXT, comment TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (conversation_id, answer_key, cited))"""


@dataclass(frozen=True)
class Row:
    """A row of the table, its columns in their order."""

    conversation_id: str
    answer_key: str
    question: str
    answer: str  # JSON, as are the passages
    passages: str
    cited: str = ""  # the reported places; empty for a rating
    rating: Rating | None = None
    comment: str = ""
    at: float = field(default_factory=time.time)

    @classmethod
    def columns(cls) -> list[str]:
        return [column.name for column in fields(cls)]

    @classmethod
    def of(
        cls, answer: CitedAnswer, citations: Sequence[Citation], conversation_id: str, key: str, **opinion: Any
    ) -> Row:
        passages = json.dumps([asdict(c) for c in dict.fromkeys(citations)], ensure_ascii=False)
        said = json.dumps(answer.to_json(), ensure_ascii=False)
        return cls(conversation_id, key, answer.question, said, passages, **opinion)


class Feedback:
    """The feedback of one home: one opinion per answer, and one report per cited place of it; the last word stands."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rate(self, conversation_id: str, key: str, answer: CitedAnswer, rating: Rating, comment: str = "") -> None:
        """Keep what someone thought of an answer.

        Args:
            key: The answer's own, stable in its conversation.
        """
        self._keep(Row.of(answer, answer.citations, conversation_id, key, rating=rating, comment=comment.strip()))

    def report(
        self, conversation_id: str, key: str, answer: CitedAnswer, citations: Sequence[Citation], comment: str = ""
    ) -> None:
        """Keep that some citations of an answer do not support it, or are wrong in another way."""
        cited = json.dumps([[c.document_id, c.start, c.end] for c in citations])
        self._keep(Row.of(answer, citations, conversation_id, key, cited=cited, comment=comment.strip()))

    def rating(self, conversation_id: str, key: str) -> tuple[Rating, str] | None:
        """Return the rating of an answer with its comment; None where it has none."""
        where = "conversation_id = ? AND answer_key = ? AND cited = ''"
        rows = self._read("rating, comment", where, (conversation_id, key))
        return (rows[0][0], rows[0][1]) if rows else None

    def forget(self, conversation_id: str) -> None:
        """Remove what was said about a conversation that is deleted for good."""
        if self.path.exists():
            with closing(self._open()) as connection, connection:
                connection.execute("DELETE FROM feedback WHERE conversation_id = ?", (conversation_id,))

    def export(self) -> Iterator[dict[str, Any]]:
        """Yield all feedback, oldest first, as plain data: a line each for the evals.

        `kind` is "answer" (with a `rating`) or "citation"; `documents` are the ids that the passages are of.
        """
        columns = "cited, at, rating, comment, conversation_id, question, answer, passages"
        for cited, at, rating, comment, conversation_id, question, answer, passages in self._read(columns):
            spans = json.loads(passages)
            yield {
                "kind": "citation" if cited else "answer",
                "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)),
                "rating": rating,
                "comment": comment,
                "conversation_id": conversation_id,
                "question": question,
                "documents": list(dict.fromkeys(span["document_id"] for span in spans)),
                "passages": spans,
                "answer": json.loads(answer),
            }

    def _keep(self, row: Row) -> None:
        with closing(self._open()) as connection, connection:
            places = ", ".join("?" * len(fields(row)))
            connection.execute(f"INSERT OR REPLACE INTO feedback VALUES ({places})", astuple(row))

    def _read(self, columns: str, where: str = "1", values: tuple[str, ...] = ()) -> list[Any]:
        """Read so much of each row that is asked for, the oldest first."""
        if not self.path.exists():
            return []
        with closing(self._open()) as connection:
            return connection.execute(f"SELECT {columns} FROM feedback WHERE {where} ORDER BY at", values).fetchall()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S)
        connection.execute(_TABLE)
        return connection
