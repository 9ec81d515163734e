"""The examples of docs/extending.md, built exactly as they stand there and used."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ingest.documents import read_documents
from ingest.readers.readers import READERS
from tests.tiny import tiny_model
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.results import blend
from tools.experiments.experiments import EXPERIMENTS, replay_experiment, run_experiment, save_experiment
from tools.registry import TOOLS, build_tools, run_tool
from tools.specs import ToolContext
from tools.trace import measures

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "extending.md").read_text("utf-8")
EXAMPLE = re.compile(
    r"^## (?P<title>.+?)\n.*?^`(?P<file>[a-z_/]+)\.py`:\n\n```python\n(?P<code>.*?)^```\n"
    r".*?^In `(?P<registry>[A-Z]+)` of `(?P<where>[a-z_/]+)\.py`:\n\n```text\n(?P<line>.*?)\n```$",
    re.M | re.S,
)
EXAMPLES = {found["title"]: found for found in EXAMPLE.finditer(PAGE)}


def users_of(registry: tuple[Any, ...]) -> list[ModuleType]:
    """The modules that hold a registry by its name."""
    return [module for module in list(sys.modules.values()) if getattr(module, "MEASURES", None) is registry]


@pytest.fixture
def build(monkeypatch):
    """Make an example's module, register it by its line, and return it."""

    def make(title: str) -> ModuleType:
        example = EXAMPLES[title]
        module = ModuleType(example["file"].replace("/", "."))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(example["code"], f"{example['file']}.py", "exec"), vars(module))
        __import__(where := example["where"].replace("/", "."))
        registry: Any = getattr(sys.modules[where], example["registry"])
        made = eval(f"{{{example['line']}}}" if ":" in example["line"] else f"({example['line']})", vars(module))
        entries = made if isinstance(made, dict) else {one.name: one for one in made}
        if isinstance(registry, tuple):
            for user in users_of(registry):
                monkeypatch.setattr(user, example["registry"], (*registry, *entries.values()))
        else:
            for name, entry in entries.items():
                monkeypatch.setitem(registry, name, entry)
        return module

    return make


def test_every_section_is_built_here():
    sections = set(re.findall(r"^## (.+)$", PAGE, re.M))
    assert sections == set(EXAMPLES) and len(sections) >= 4


def test_a_tool_is_offered_to_the_agent_and_runs(build, searcher, tmp_path):
    build("A tool")
    assert "list_documents" in TOOLS and not TOOLS["list_documents"].needs_approval
    text, found = run_tool("list_documents", {"kind": "model_card"}, ToolContext(searcher, "embedded", tmp_path))
    assert text and found["titles"] == text.splitlines()
    assert "list_documents" in {tool.name for tool in build_tools(searcher, "embedded", tmp_path)}


def test_a_view_draws_its_result(build):
    module = build("A view")

    def page(show):
        show("key", {"titles": ["On <b>blending</b>", "On weights"]})

    drawn = AppTest.from_function(page, args=(module.show_titles,)).run()
    assert not drawn.exception
    assert "On weights" in drawn.markdown[0].value and "<b>" not in drawn.markdown[0].value.replace("\\<", "")


def test_a_reader_reads_its_files(build, tmp_path):
    build("A type of file")
    assert ".cards" in READERS
    (tmp_path / "a.cards").write_text("Soft Blending\n===\n\nIt averages.\n\nHard Blending\n===\nIt cuts.\n")
    soft, hard = read_documents([tmp_path])
    assert (soft.id, soft.title, soft.text.split("\n")[0]) == ("soft-blending", "Soft Blending", "It averages.")
    assert hard.text.startswith("It cuts.")


def test_an_experiment_runs_and_replays(build, tmp_path):
    build("An experiment")
    assert "fewer_steps" in EXPERIMENTS
    given = {"styles": [{"text": "watercolor"}], "subject": "a boat", "steps": 4}
    result = run_experiment("fewer_steps", given, tiny_model())
    assert re.search(r"SSIM -?[01]\.\d\d", result.findings.verdict)
    save_experiment(result, tmp_path)
    again = replay_experiment(result.record, tiny_model(), SimpleNamespace(pictures={}))
    assert [image.tobytes() for image in again] == [one.image.tobytes() for one in result.renders.values()]


def test_a_measure_is_taken_told_and_drawn(build):
    build("A measure")
    styles = (WeightedStyle("watercolor"), WeightedStyle("pencil sketch"))
    request = BlendRequest("a boat", styles, num_inference_steps=3, guidance_scale=5.0)
    measured = blend(request, tiny_model()).measurements
    pushes = measured["images"][0]["push_by_step"]
    assert len(pushes) == 3 and min(pushes) > 0
    (fact,) = [fact for fact in measures.facts_of(measured) if fact.topic == "push"]
    assert f"step {pushes.index(max(pushes)) + 1} of 3" in fact.text
    (figure,) = [figure for figure in measures.figures_of(measured) if figure.id == fact.figure]
    assert [row[0] for row in figure.rows] == pushes
    assert "push_by_step" not in blend(replace(request, guidance_scale=1.0), tiny_model()).measurements["images"][0]


def test_a_method_blends(build):
    build("A method of blending")
    styles = (WeightedStyle("watercolor", 0.4), WeightedStyle("pencil sketch", 0.6))
    request = BlendRequest("a boat", styles, "strongest", num_inference_steps=2)
    alone = replace(request, styles=styles[1:], method="composable")
    blended, whole = (blend(one, tiny_model()) for one in (request, alone))
    assert blended.record["pixels_sha256"] == whole.record["pixels_sha256"]
    assert blended.measurements["images"][0]["styles"] == ["watercolor", "pencil sketch"]
