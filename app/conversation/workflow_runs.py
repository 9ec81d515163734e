"""The stages of an answer's workflow, run one by one or all, each result kept by what it came of.

A result is found again by its key: the tool, its arguments, the keys of the stages before it and the weights. The same
run twice is computed once, and a stage whose key is no longer that of its last run is stale. It knows no tool.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from langchain_core.tools import ToolException

from app.agent.graph import plain
from app.answers import WorkflowStage
from tools.registry import TOOLS
from tools.vocabulary import EMBEDDED_FOLDER

Status = Literal["idle", "queued", "running", "done", "stale", "failed", "not run here"]
RESULT, NOTES, UNFINISHED = "result.json", "stages.json", ".part"
PATIENCE_S = 2.0
"""So long who starts stages waits for them: most take no longer, and are there when the page is drawn anew."""
_under_way: dict[Path, Literal["queued", "running"]] = {}
"""What this process is to run and is running, by the folder of its result."""

RunTool = Callable[[str, Mapping[str, Any], Path, Sequence[Path]], tuple[str, Any]]
"""Runs a tool by its name and arguments in a folder, behind the runs in others; returns its text and artifact, raises
ToolException."""


@dataclass(frozen=True)
class StageState:
    """How far a stage is.

    Args:
        key: Of its result; empty where nothing of it is run here.
        error: Why it failed.
        result: `tool`, `arguments`, `text`, `artifact`, `seconds`, where it is done.
        computed: Whether it was run just now, and not found.
    """

    stage: str
    status: Status
    key: str = ""
    error: str = ""
    result: dict[str, Any] | None = None
    computed: bool = False


class WorkflowRuns:
    """The runs of one workflow.

    Args:
        folder: Holds a folder for each result, whoever's workflow it belongs to.
        name: Of this workflow: what its stages were run with last is noted under it.
        stages: As an answer draws them.
        run_tool: Runs a stage's call.
        weights: What the image model's weights are known by.
    """

    def __init__(
        self, folder: Path, name: str, stages: Sequence[WorkflowStage], run_tool: RunTool, weights: str = ""
    ) -> None:
        self.folder, self.stages, self._run_tool = folder, tuple(stages), run_tool
        self._notes = folder / "workflows" / hashlib.sha256(name.encode()).hexdigest()[:24] / NOTES
        self.keys = keys_of(self.stages, weights)

    def states(self) -> list[StageState]:
        """How far each stage is."""
        return [self.state(number) for number in range(len(self.stages))]

    def state(self, number: int) -> StageState:
        stage, key = self.stages[number], self.keys[number]
        if not key:
            return StageState(stage.stage, "not run here")
        if (result := self._result(key)) is not None:
            return StageState(stage.stage, "done", key, result=result)
        if under_way := _under_way.get(self.folder / key):
            return StageState(stage.stage, under_way, key)
        noted = self._noted().get(str(number), {})
        if noted.get("key") == key and noted.get("error"):
            return StageState(stage.stage, "failed", key, noted["error"])
        return StageState(stage.stage, "stale" if noted else "idle", key)

    def run(self, number: int) -> StageState:
        """Run a stage, unless its result is there; what came before stays, whatever becomes of it."""
        before, key = self.state(number), self.keys[number]
        if before.status == "running":
            return before
        if before.status in ("done", "not run here"):
            self._note(number, key, "")
            return before
        _under_way[self.folder / key] = "running"
        try:
            return self._compute(number, key)
        finally:
            _under_way.pop(self.folder / key, None)

    def _compute(self, number: int, key: str) -> StageState:
        call = self.stages[number].run
        assert call is not None
        began, draft = time.perf_counter(), self.folder / f"{key}{UNFINISHED}"
        shutil.rmtree(draft, ignore_errors=True)
        try:
            text, artifact = self._run_tool(call["tool"], call["arguments"], draft, self._before(number))
        except ToolException as error:
            shutil.rmtree(draft, ignore_errors=True)
            self._note(number, key, str(error))
            return StageState(self.stages[number].stage, "failed", key, str(error))
        draft.mkdir(parents=True, exist_ok=True)
        artifact = plain(artifact)
        if isinstance(artifact, dict) and "folder" in artifact:
            artifact = {**artifact, "folder": str(self.folder / key), "run_id": key}
        seconds = round(time.perf_counter() - began, 3)
        kept = {"tool": call["tool"], "arguments": call["arguments"], "text": text, "artifact": artifact}
        (draft / RESULT).write_text(json.dumps({**kept, "seconds": seconds}, ensure_ascii=False), "utf-8")
        shutil.rmtree(self.folder / key, ignore_errors=True)  # one that was damaged
        draft.replace(self.folder / key)  # whole, or not there
        self._note(number, key, "")
        return StageState(self.stages[number].stage, "done", key, result={**kept, "seconds": seconds}, computed=True)

    def run_all(self) -> list[StageState]:
        """Run what is missing, in order; stop at the first that fails, and keep what came before it."""
        done: list[StageState] = []
        for number in range(len(self.stages)):
            done.append(self.run(number))
            if done[-1].status == "failed":
                return [*done, *(self.state(rest) for rest in range(number + 1, len(self.stages)))]
        return done

    def _before(self, number: int) -> list[Path]:
        return [self.folder / key for key in self.keys[:number] if key and self._result(key) is not None]

    def start(self, numbers: Sequence[int], patience_s: float = PATIENCE_S) -> threading.Thread:
        """Run stages in a thread, in order, up to the first that fails; wait for them a moment.

        Whatever ends a stage is noted as its error: nobody is there to be told.
        """
        waiting = [self.folder / self.keys[n] for n in numbers if self.state(n).status in ("idle", "stale", "failed")]
        _under_way.update(dict.fromkeys(waiting, "queued"))

        def run_in_turn() -> None:
            try:
                for number in numbers:
                    try:
                        if self.run(number).status == "failed":
                            return
                    except Exception as error:
                        self._note(number, self.keys[number], " ".join(str(error).split()) or type(error).__name__)
                        return
            finally:
                for one in waiting:
                    _under_way.pop(one, None)

        thread = threading.Thread(target=run_in_turn, name="stages")
        thread.start()
        thread.join(patience_s)
        return thread

    def _result(self, key: str) -> dict[str, Any] | None:
        try:
            found = json.loads((self.folder / key / RESULT).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _noted(self) -> dict[str, dict[str, str]]:
        try:
            found = json.loads(self._notes.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _note(self, number: int, key: str, error: str) -> None:
        noted = {**self._noted(), str(number): {"key": key, "error": error}}
        self._notes.parent.mkdir(parents=True, exist_ok=True)
        draft = self._notes.with_suffix(".draft")
        draft.write_text(json.dumps(noted), "utf-8")
        draft.replace(self._notes)


def keys_of(stages: Sequence[WorkflowStage], weights: str) -> list[str]:
    """Each stage's key, 40 hexadecimal digits; empty where nothing of it is run."""
    keys: list[str] = []
    for stage in stages:
        if stage.run is None or stage.run["tool"] not in TOOLS:
            keys.append("")
            continue
        spec = TOOLS[stage.run["tool"]]
        arguments = spec.arguments.model_validate(stage.run["arguments"]).model_dump(mode="json")
        own = [hashlib.sha256(file.read_bytes()).hexdigest() for file in spec.weights]
        said = json.dumps([spec.name, arguments, [key for key in keys if key], weights, own], sort_keys=True)
        keys.append(hashlib.sha256(said.encode()).hexdigest()[:40])
    return keys


def weights_of(image_model: str) -> str:
    """What an image model's weights are known by: the embedded one's checksums, another's name."""
    sums = EMBEDDED_FOLDER / "SHA256SUMS"
    if image_model != "embedded" or not sums.is_file():
        return image_model
    return hashlib.sha256(sums.read_bytes()).hexdigest()
