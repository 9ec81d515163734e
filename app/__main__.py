"""``python -m app``: ask from the command line.

Exit status: 0 answered, 1 refused (the corpus holds nothing about it), 2 unusable input.
"""

from __future__ import annotations

if __name__ == "__main__":
    from ingest.command import stop_quietly

    stop_quietly()

import argparse
import json
import sqlite3
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.corpora.homes import NoSuchCorpus, check_corpus
from app.settings import Settings, UnusableSettings, read_settings, usable_path
from app.understanding.messages import UnusableQuestion, check_question
from ingest.command import Parser, lasting, leave
from ingest.files import open_regular
from ingest.vectors import load_embedder

if TYPE_CHECKING:
    from app.answers import CitedAnswer
    from app.application import Undertone

ANSWERED, REFUSED, UNUSABLE = 0, 1, 2
MAX_LINE_BYTES = 2**20
WORKFLOW = "workflow"
"""The command that runs stages; alone, without an option behind it, it is a question."""


class UnusableInput(ValueError):
    """The command line or the batch file cannot be used."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer what the arguments ask."""
    started = time.perf_counter()
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == [WORKFLOW] and len(words) > 1 and words[1].startswith("-"):
        from app.workflow_command import main as run_workflow

        return run_workflow(words[1:])
    given = _parser().parse_args(words)
    try:
        settings = read_settings(home=given.home)
        if settings.home.exists() and not settings.home.is_dir():
            raise UnusableInput(f"{settings.home} is a file; name a folder with --home or UNDERTONE_HOME")
        asked = [given.question is not None, given.batch is not None, given.feedback, given.recover]
        if asked.count(True) != 1:
            raise UnusableInput('give one question in quotes, python -m app "QUESTION", or --batch FILE, or --feedback')
        if given.recover:
            return recover(settings)
        if given.batch is not None and given.conversation is not None:
            raise UnusableInput('a line of a batch names its own "conversation"; leave --conversation out')
        if given.feedback:
            return export_feedback(settings)
        batch = None if given.batch is None else usable_path(given.batch, "--batch")
        if batch and not batch.is_file():
            raise UnusableInput(f"{batch}: no such file; name a file of JSON lines")
        question = None if batch else check_question(_in_utf8(given.question, "the question"))
        if given.conversation is not None and not _in_utf8(given.conversation, "--conversation").strip():
            raise UnusableInput("--conversation is empty; give an id such as c1, or leave it out")
        for name in given.sources or ():
            check_corpus(settings, name)
    except (UnusableInput, NoSuchCorpus, UnusableQuestion, UnusableSettings) as error:
        return _refuse(error)
    except sqlite3.Error as error:
        return _refuse(UnusableInput(f"{settings.feedback} cannot be read ({error}); move it away to begin a new one"))

    # Seconds of imports that a mistyped command need not wait for; the embedder's go on beside the others.
    if sys.stderr.isatty():
        print("opening the corpus…", file=sys.stderr, flush=True)
    with lasting():
        loading = load_embedder(settings.embedder).load_ahead()
        from app.application import OPENING_ERRORS, open_undertone
        from app.conversation.store import refused

        try:
            undertone = open_undertone(settings, keep=bool(given.conversation) or _names_a_conversation(batch))
        except OPENING_ERRORS as error:
            loading.join()
            return _refuse(error)
    print(f"started in {time.perf_counter() - started:.2f} s", file=sys.stderr)
    try:
        return _answer(undertone, given, question, batch)
    except OPENING_ERRORS as error:
        return _refuse(error)
    except sqlite3.Error as error:
        return _refuse(refused(settings.conversations, error))


def _answer(undertone: Undertone, given: argparse.Namespace, question: str | None, batch: Path | None) -> int:
    """Answer the question or the batch."""
    from app.conversation.sources import sources_of

    kept = sources_of(undertone.chat.messages(given.conversation)) if given.conversation else ()
    for line in undertone.sourced(kept if given.sources is None else given.sources).lacking:
        print(line, file=sys.stderr)
    if batch is not None:
        return answer_batch(undertone, batch, given.sources)
    assert question is not None
    answer = undertone.answer(question, given.conversation, given.sources)
    print(json.dumps(answer.to_json(), ensure_ascii=False) if given.json else as_text(answer))
    print(f"answered in {answer.seconds:.2f} s by {answer.engine}", file=sys.stderr)
    return ANSWERED if answer.status == "answered" else REFUSED


def answer_batch(undertone: Undertone, file: Path, sources: Sequence[str] | None = None) -> int:
    """Answer a file of JSON lines, one line out per line in, each written as soon as it is there."""
    try:
        for line in read_batch(file):
            conversation_id = line.conversation or uuid.uuid4().hex
            answered = {"id": line.id, **undertone.answer(line.question, conversation_id, sources).to_json()}
            if line.approve:
                answered |= undertone.approve(conversation_id)
            if line.conversation is None:
                undertone.chat.forget(conversation_id)
            print(json.dumps(answered, ensure_ascii=False), flush=True)
    except UnusableInput as error:
        return _refuse(error)
    return ANSWERED


def export_feedback(settings: Settings) -> int:
    """Print what people thought of answers, one JSON line each."""
    from app.conversation.shared_store import open_feedback
    from app.conversation.store import ConversationsRefused

    lines = 0
    try:
        for line in open_feedback(settings).export():
            print(json.dumps(line, ensure_ascii=False))
            lines += 1
    except ConversationsRefused as error:
        return _refuse(error)
    place = "the database" if settings.database_url else settings.feedback
    print(f"{lines} opinions in {place}", file=sys.stderr)
    return ANSWERED


def recover(settings: Settings) -> int:
    """Save what can be read of damaged conversations; the damaged file stays beside them."""
    from app.conversation.store import recover as recover_conversations

    if settings.database_url:
        raise UnusableInput("the conversations are in the database of UNDERTONE_DATABASE_URL, which mends itself")
    try:
        found = recover_conversations(settings.conversations)
    except (OSError, sqlite3.Error) as error:
        raise UnusableInput(
            f"{settings.conversations} cannot be mended ({error}); make room and run it again"
        ) from None
    if found is None:
        print(f"{settings.conversations} is whole")
    else:
        print(f"{found[0]} conversations were saved; the damaged file is now {found[1]}")
    return ANSWERED


@dataclass(frozen=True)
class BatchLine:
    """One question of a batch.

    Args:
        conversation: The conversation that it continues; None asks it by itself.
        approve: Run what the answer proposes.
    """

    id: Any
    question: str
    conversation: str | None = None
    approve: bool = False


def read_batch(file: Path) -> Iterator[BatchLine]:
    """Yield each line; empty lines count for nothing.

    Raises:
        UnusableInput: A line is not as it should be; what stood before it has been yielded.
    """
    with open_regular(file) as lines:
        for number, raw in enumerate(iter(lambda: lines.readline(MAX_LINE_BYTES), b""), 1):
            try:
                if len(raw) == MAX_LINE_BYTES:
                    raise UnusableInput(f"a line over {MAX_LINE_BYTES // 2**20} MB")
                line = raw.decode("utf-8-sig").strip()
                if not line:
                    continue
                record = json.loads(line)
                if not isinstance(record, dict) or "id" not in record or "question" not in record:
                    raise UnusableInput('not an object with "id" and "question"')
                question = _in_utf8(check_question(record["question"]), "the question")
                conversation, approve = record.get("conversation"), record.get("approve", False)
                if not (conversation is None or (isinstance(conversation, str) and conversation.strip())):
                    raise UnusableInput('"conversation" is no name')
                _in_utf8(conversation or "", '"conversation"')
                if not isinstance(approve, bool):
                    raise UnusableInput('"approve" is neither true nor false')
            except (ValueError, RecursionError) as error:
                raise UnusableInput(f"{file}:{number}: {error}; mend the line, those before it are answered") from None
            yield BatchLine(record["id"], question, conversation, approve)


def _names_a_conversation(file: Path | None) -> bool:
    """Whether any line of a batch is of a conversation that is kept."""
    if file is None:
        return False
    with open_regular(file) as lines:
        return any(b'"conversation"' in line for line in lines)


def as_text(answer: CitedAnswer) -> str:
    """Write an answer for the terminal."""
    from app.conversation.transcripts import answer_as_markdown
    from app.markup import defuse
    from tools.registry import TOOLS

    blocks = answer_as_markdown(answer)
    if answer.proposals:
        commands = [tool.command(p["arguments"]) for p in answer.proposals if (tool := TOOLS[p["tool"]]).command]
        blocks.append("### See it rendered\n\n" + "\n".join(commands))
    if answer.follow_ups:
        blocks.append("### Ask next\n\n" + "\n".join(f"- {defuse(follow_up)}" for follow_up in answer.follow_ups))
    return "\n\n".join(blocks)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m app", description="Ask Undertone about its corpus.")
    parser.add_argument("question", nargs="?", metavar="QUESTION")
    parser.add_argument("--batch", metavar="FILE", help='JSON lines in ({"id", "question"}), JSON lines out')
    parser.add_argument("--feedback", action="store_true", help="print the thumbs and reports as JSON lines")
    parser.add_argument("--recover", action="store_true", help="save what can be read of damaged conversations")
    parser.add_argument("--home", metavar="DIR", help="default: UNDERTONE_HOME, or .undertone")
    parser.add_argument("--json", action="store_true", help="print the answer as one JSON object")
    parser.add_argument("--sources", metavar="NAME,NAME", help="corpora of the home to search as well", type=_names)
    parser.add_argument("--conversation", metavar="ID", help="ask as this conversation's next turn")
    return parser


def _names(written: str) -> list[str]:
    return [name.strip() for name in written.split(",") if name.strip()]


def _in_utf8(text: str, name: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UnusableInput(f"{name} is not UTF-8; write it in a terminal that is") from None
    return text


def _refuse(error: Exception) -> int:
    print(" ".join(str(error).split()), file=sys.stderr)
    return UNUSABLE


if __name__ == "__main__":
    leave(main)
