"""``python -m app workflow``: show the stages of a conversation's last workflow, and run them.

Exit status: 0 done, 1 a stage failed, 2 unusable input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from app.agent.history import read_history
from app.application import OPENING_ERRORS, Undertone, open_undertone
from app.conversation.store import UnknownConversation
from app.conversation.workflow_runs import StageState, WorkflowRuns
from app.settings import UnusableSettings, read_settings
from ingest.command import Parser

DONE, FAILED, UNUSABLE = 0, 1, 2


class UnusableWorkflow(ValueError):
    """There is no such workflow or stage."""


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    given = _parser().parse_args(arguments)
    try:
        undertone = open_undertone(read_settings(home=given.home), keep=True)
        runs = runs_of(undertone, given.conversation)
        if given.stage is not None and not 1 <= given.stage <= len(runs.stages):
            raise UnusableWorkflow(f"--stage {given.stage}: there are {len(runs.stages)} stages, numbered from 1")
    except (UnusableWorkflow, UnusableSettings, UnknownConversation, *OPENING_ERRORS) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return UNUSABLE
    if given.all:
        states = runs.run_all()
    elif given.stage is not None:
        ran = runs.run(given.stage - 1)
        states = [ran if number == given.stage - 1 else one for number, one in enumerate(runs.states())]
    else:
        states = runs.states()
    told = [as_json(number, state, runs) for number, state in enumerate(states, 1)]
    if given.json:
        print(json.dumps({"conversation": given.conversation, "stages": told}, ensure_ascii=False))
    else:
        print("\n".join(map(_line, told)))
    return FAILED if any(state.status == "failed" for state in states) else DONE


def runs_of(undertone: Undertone, conversation_id: str) -> WorkflowRuns:
    """The runs of the last workflow that a conversation drew.

    Raises:
        UnknownConversation: There is none of this id.
        UnusableWorkflow: It drew none.
    """
    undertone.conversations.get(conversation_id)
    answers = read_history(undertone.chat.messages(conversation_id)).answers
    drawn = [answer.workflow for answer in answers if answer.workflow]
    if not drawn:
        raise UnusableWorkflow(f"no answer of {conversation_id!r} draws a workflow; ask how something works")
    return undertone.workflow_runs(conversation_id, drawn[-1])


def as_json(number: int, state: StageState, runs: WorkflowRuns) -> dict[str, Any]:
    """A stage as one object."""
    call = runs.stages[number - 1].run or {}
    result = state.result or {}
    artifact = result.get("artifact")
    return {
        "number": number,
        "stage": state.stage,
        "status": state.status,
        "tool": call.get("tool"),
        "arguments": call.get("arguments"),
        "key": state.key or None,
        "computed": state.computed,
        "text": result.get("text"),
        "folder": artifact.get("folder") if isinstance(artifact, dict) else None,
        "error": state.error or None,
    }


def _line(told: Mapping[str, Any]) -> str:
    first = str(told["error"] or (told["text"] or "").split("\n", 1)[0])
    where = f" ({told['folder']})" if told["folder"] else ""
    tool = f" {told['tool']}" if told["tool"] else ""
    return f"{told['number']} {told['stage']}: {told['status']}{tool}{': ' if first else ''}{first}{where}"


def _parser() -> Parser:
    parser = Parser(prog="python -m app workflow", description="Run the stages of a conversation's last workflow.")
    parser.add_argument("--conversation", required=True, metavar="ID", help="whose last workflow")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--stage", type=int, metavar="N", help="run this one, from 1")
    which.add_argument("--all", action="store_true", help="run what is missing")
    parser.add_argument("--home", metavar="DIR", help="default: UNDERTONE_HOME, or .undertone")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser
