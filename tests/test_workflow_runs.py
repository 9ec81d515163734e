"""Stages of a workflow: run once, found again, stale when something changed, kept when a later one fails."""

import json
import shutil
import threading

import pytest
from langchain_core.tools import ToolException

from app.__main__ import main
from app.answers import WorkflowStage
from app.conversation.workflow_runs import WorkflowRuns, keys_of

CALL = {"tool": "stress_picture", "arguments": {"subject": "cat"}}


def stages(subject="cat", seed=0):
    read = {"tool": "read_prompt", "arguments": {"subject": subject, "styles": ["watercolor"]}}
    draw = {"tool": "blend_styles", "arguments": {"subject": "a cat", "styles": [], "seed": seed}}
    return (
        WorkflowStage("input", "In.", run=read),
        WorkflowStage("model", "Through.", run=draw),
        WorkflowStage("output", "Out.", run=CALL),
    )


class Tools:
    """Counts what it runs, and fails at the tool it is told to."""

    def __init__(self, failing=""):
        self.ran, self.failing = [], failing

    def __call__(self, tool, arguments, folder, before):
        self.ran.append(tool)
        folder.mkdir(parents=True)
        (folder / "half.txt").write_text(tool)
        if tool == self.failing:
            raise ToolException("no luck")
        return f"ran {tool}", {"folder": str(folder), "count": len(self.ran)}


def statuses(states):
    return [state.status for state in states]


def test_a_stage_is_computed_once_however_often_it_is_run(tmp_path):
    tools = Tools()
    runs = WorkflowRuns(tmp_path, "talk", stages(), tools)
    assert statuses(runs.states()) == ["idle"] * 3
    first, again = runs.run(1), runs.run(1)
    assert first.computed and not again.computed
    assert first.result == again.result and tools.ran == ["blend_styles"]
    assert (tmp_path / first.key / "half.txt").read_text() == "blend_styles"
    assert first.result["artifact"]["folder"] == str(tmp_path / first.key)


def test_all_runs_what_is_missing_and_equals_stage_by_stage(tmp_path):
    tools = Tools()
    runs = WorkflowRuns(tmp_path / "one", "talk", stages(), tools)
    runs.run(1)
    assert statuses(runs.run_all()) == ["done"] * 3
    assert tools.ran == ["blend_styles", "read_prompt", "stress_picture"]
    other = WorkflowRuns(tmp_path / "two", "talk", stages(), Tools())
    by_stage = [other.run(number).key for number in range(3)]
    assert [state.key for state in runs.states()] == by_stage


def test_a_changed_input_marks_the_stages_behind_it_stale(tmp_path):
    WorkflowRuns(tmp_path, "talk", stages(), Tools()).run_all()
    changed = WorkflowRuns(tmp_path, "talk", stages(seed=1), Tools())
    assert statuses(changed.states()) == ["done", "stale", "stale"]
    other_weights = WorkflowRuns(tmp_path, "talk", stages(), Tools(), weights="others")
    assert statuses(other_weights.states()) == ["stale"] * 3


def test_what_is_left_out_is_the_default():
    filled = {**CALL, "arguments": {"subject": "cat", "seed": 0, "sigma": 0.0}}
    assert keys_of([WorkflowStage("model", "", run=CALL)], "") == keys_of([WorkflowStage("model", "", run=filled)], "")


def test_a_failed_stage_keeps_what_came_before_and_is_tried_again(tmp_path):
    runs = WorkflowRuns(tmp_path, "talk", stages(), Tools(failing="blend_styles"))
    assert statuses(runs.run_all()) == ["done", "failed", "idle"]
    assert runs.state(1).error == "no luck"
    assert not list(tmp_path.glob("*.part"))
    assert statuses(WorkflowRuns(tmp_path, "talk", stages(), Tools()).run_all()) == ["done"] * 3


def test_a_reload_loses_nothing_and_another_workflow_begins_with_what_is_there(tmp_path):
    WorkflowRuns(tmp_path, "talk", stages(), Tools()).run_all()
    assert statuses(WorkflowRuns(tmp_path, "talk", stages(), Tools()).states()) == ["done"] * 3
    tools = Tools()
    assert statuses(WorkflowRuns(tmp_path, "other", stages(), tools).run_all()) == ["done"] * 3
    assert tools.ran == []


def test_a_stage_without_a_run_or_of_a_tool_that_is_gone_is_not_run(tmp_path):
    told = (WorkflowStage("input", "In."), WorkflowStage("model", "Through.", run={"tool": "gone", "arguments": {}}))
    assert statuses(WorkflowRuns(tmp_path, "talk", told, Tools()).run_all()) == ["not run here"] * 2


def test_a_damaged_result_is_computed_again(tmp_path):
    runs = WorkflowRuns(tmp_path, "talk", stages()[:1], Tools())
    key = runs.run(0).key
    (tmp_path / key / "result.json").write_text("{")
    assert statuses(runs.states()) != ["done"]
    assert runs.run(0).computed


@pytest.fixture
def talk(seed_home, tmp_path, capsys):
    home = shutil.copytree(seed_home, tmp_path / "home")
    main(["How does WSAM work?", "--home", str(home), "--conversation", "workflow-test"])
    capsys.readouterr()
    return home


def test_the_command_runs_a_stage_and_all(talk, capsys):
    given = ["workflow", "--home", str(talk), "--conversation", "workflow-test", "--json"]
    assert main([*given, "--stage", "1"]) == 0
    told = json.loads(capsys.readouterr().out)["stages"]
    assert told[0]["status"] == "done" and told[0]["tool"] == "stress_picture"
    assert main([*given, "--all"]) == 0
    done = json.loads(capsys.readouterr().out)["stages"]
    assert [stage["status"] for stage in done] == ["done"] * 3
    assert done[0]["key"] == told[0]["key"] and not done[0]["computed"] and done[1]["computed"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--conversation", "gone"], "no conversation"),
        (["--conversation", "workflow-test", "--stage", "9"], "3 stages"),
    ],
)
def test_what_is_not_there_is_one_line_and_status_2(talk, capsys, given, said):
    assert main(["workflow", "--home", str(talk), *given]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_what_takes_longer_is_shown_as_under_way_and_computed_once(tmp_path):
    go, tools = threading.Event(), Tools()

    def slow(tool, arguments, folder, before):
        go.wait(30)
        return tools(tool, arguments, folder, before)

    runs = WorkflowRuns(tmp_path, "talk", stages(), slow)
    thread = runs.start(range(3), patience_s=0.2)
    drawn_anew = WorkflowRuns(tmp_path, "talk", stages(), slow)
    assert statuses(drawn_anew.states()) == ["running", "queued", "queued"]
    assert drawn_anew.run(0).status == "running"
    go.set()
    thread.join()
    assert statuses(drawn_anew.states()) == ["done"] * 3 and len(tools.ran) == 3


def test_whatever_ends_a_stage_that_was_started_is_noted(tmp_path):
    def broken(tool, arguments, folder, before):
        raise OSError("no room\nleft")

    runs = WorkflowRuns(tmp_path, "talk", stages(), broken)
    runs.start(range(3)).join()
    assert statuses(runs.states()) == ["failed", "idle", "idle"]
    assert runs.states()[0].error == "no room left"
