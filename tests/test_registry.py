import io
import json
import shlex
from collections import defaultdict
from types import SimpleNamespace

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import ToolException
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from PIL import Image

from tests.tiny import tiny_folder
from tools.blend.record import pixels_sha256, read_record
from tools.blend.references import find_references, store_reference
from tools.blend.results import BlendRequest, blend
from tools.blend.style_prompting import StylePrompting
from tools.experiments.experiments import EXPERIMENTS
from tools.models import load_image_model
from tools.options import parser_of
from tools.registry import TOOLS, build_tools, run_tool
from tools.search import SearchResult
from tools.specs import ToolContext

STYLES = [{"text": "photographic style", "weight": 1}, {"text": "digital illustration", "weight": 3}]
CALL = {"subject": "a red house", "styles": STYLES, "steps": 3}


class FakeSearcher:
    def search(self, query, top_k=12):
        if "soup" in query:
            return SearchResult(query, False, (), (), {}, ("soup",), "nothing about soup")
        passage = SimpleNamespace(id="p0123abcd", text="Keys and values are swapped.")
        evidence = SimpleNamespace(passage=passage, document=SimpleNamespace(id="visual-style-prompting"), score=0.9)
        return SearchResult(query, True, (evidence,), ("visual-style-prompting",), {}, (), "found")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_folder(tmp_path_factory.mktemp("registry")))


def tools(model, renders):
    return {tool.name: tool for tool in build_tools(FakeSearcher(), model, renders)}


def call(tool, **arguments):
    return tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": arguments})


def sweep(arguments, model, folder):
    given = {**arguments, "experiment": "flip", "more": {"points": 3}}
    return run_tool("run_experiment", given, ToolContext(None, model, folder))


def test_the_model_is_told_what_each_argument_is(tmp_path):
    found = tools("embedded", tmp_path)
    assert set(found) == set(TOOLS)
    blend_schema = found["blend_styles"].args_schema.model_json_schema()
    assert set(blend_schema["properties"]) == {"subject", "styles", "method", "steps", "guidance", "seed", "references"}
    assert all("description" in value for value in blend_schema["properties"].values())
    assert set(blend_schema["required"]) == {"subject", "styles"}
    assert "Args" not in found["blend_styles"].description


def test_search_gives_passages_to_the_model_and_the_result_to_the_page(tmp_path):
    message = call(tools("embedded", tmp_path)["search_corpus"], query="what is swapped?")
    assert message.content == "[visual-style-prompting p0123abcd] Keys and values are swapped."
    assert message.artifact.relevant
    message = call(tools("embedded", tmp_path)["search_corpus"], query="soup")
    assert "nothing about soup" in message.content and not message.artifact.relevant


def test_a_blend_is_rendered_measured_and_kept(model, tmp_path):
    message = call(tools(model, tmp_path)["blend_styles"], **CALL)
    assert message.status == "success"
    assert 'as 25% "photographic style" and 75% "digital illustration"' in message.content
    assert "Measured in this run:" in message.content
    artifact = message.artifact
    json.dumps(artifact)
    assert artifact["folder"] == str(tmp_path / artifact["run_id"])
    for name in ("image.png", "record.json", "measurements.json", "measurements.npz"):
        assert (tmp_path / artifact["run_id"] / name).is_file()
    assert {fact["topic"] for fact in artifact["facts"]} >= {"attention", "steps", "layers", "noise", "parameters"}
    assert {fact["topic"] for fact in artifact["facts"]} >= {"left_out", "seen"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"subject": ""}, "the subject is empty"),
        ({"steps": 0}, "steps must be between 1 and 150"),
        ({"method": "magic"}, "no method 'magic'"),
        ({"styles": [{"text": "a", "weight": -1}]}, "give 0 or a positive number"),
        ({"subject": "red " * 100}, "it would lose"),
        ({"references": [{"prompt": "ink"}]}, "takes no reference"),
        ({"method": "reference"}, "0 references were given"),
        ({"method": "reference", "references": [{"prompt": "a", "image": "0" * 32}]}, "either a prompt or a picture"),
        ({"method": "reference", "references": [{"image": "../x"}]}, "not the id of a stored picture"),
        ({"method": "reference", "references": [{"image": "0" * 32}]}, "choose the picture again"),
    ],
)
def test_an_error_is_one_line_to_the_model(model, tmp_path, change, said):
    message = call(tools(model, tmp_path)["blend_styles"], **{**CALL, **change})
    assert message.status == "error" and said in message.content and "\n" not in message.content


def test_a_missing_image_model_is_said(tmp_path):
    message = call(tools("no/such-model", tmp_path)["blend_styles"], **CALL)
    assert message.status == "error" and "hf download no/such-model" in message.content


def test_the_queue_renders_by_the_same_door(model, tmp_path):
    steps = []
    context = ToolContext(None, model, tmp_path / "run-7", lambda *step: steps.append(step[:2]))
    _, artifact = run_tool("blend_styles", CALL, context)
    assert artifact["run_id"] == "run-7" and steps == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(ToolException, match="Nothing was rendered: "):
        run_tool("blend_styles", {**CALL, "seed": -1}, context)
    with pytest.raises(ToolException, match=r"blend_styles cannot be run: styles\.0\.weight: "):
        run_tool("blend_styles", {**CALL, "styles": [{"text": "oil"}]}, context)


def test_a_sweep_is_rendered_measured_and_told(model, tmp_path):
    content, artifact = sweep(CALL, model, tmp_path / "sweep-1")
    assert content.startswith(artifact["verdict"]) and "Rests on " in content.splitlines()[0]
    json.dumps(artifact)
    assert artifact["measured"]["weights"][0] == 0 and artifact["measured"]["weights"][-1] == 1
    figures = {figure["id"] for figure in artifact["figures"]}
    assert all(fact["text"] in content and fact["figure"] in figures for fact in artifact["facts"])
    assert all((tmp_path / "sweep-1" / picture["file"]).is_file() for picture in artifact["pictures"])
    assert artifact["record"]["files"] == [picture["file"] for picture in artifact["pictures"]]
    assert (tmp_path / "sweep-1" / "figure.png").is_file()
    with pytest.raises(ToolException, match="two different styles"):
        sweep({**CALL, "styles": STYLES[:1]}, model, tmp_path / "sweep-2")
    with pytest.raises(ToolException, match="there is no experiment 'soup'"):
        run_tool("run_experiment", {**CALL, "experiment": "soup"}, ToolContext(None, model, tmp_path))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_command_of_a_proposed_experiment_is_one_that_its_parser_takes(name):
    proposed = {**CALL, "experiment": name, "method": "prompt", "seed": 7}
    words = shlex.split(TOOLS["run_experiment"].command(proposed))
    options = parser_of(defaultdict(lambda: print)).parse_args(words[3:])
    assert (options.name, options.seed, options.subject) == (name, 7, CALL["subject"])
    assert [(style.text, style.weight) for style in options.styles] == [(s["text"], s["weight"]) for s in STYLES]


@pytest.mark.parametrize("kind", ["prompt", "image"])
def test_a_reference_gives_its_style(model, tmp_path, kind):
    """The picture comes from the home's own store, by its id; what the swap changed is measured and told."""
    given = {"prompt": "a blue boat, watercolor"}
    if kind == "image":
        buffer = io.BytesIO()
        Image.new("RGB", (80, 70), "orange").save(buffer, "PNG")
        given = {"image": store_reference(buffer.getvalue(), tmp_path / "references")}
    call_with = {**CALL, "styles": [], "method": "reference", "references": [given]}
    message = call(tools(model, tmp_path / "renders")["blend_styles"], **call_with)
    assert message.status == "success", message.content
    assert message.content.startswith('Rendered "a red house" by the method reference from 100% ')
    assert "self-attention layers were swapped" in message.content
    artifact = message.artifact
    json.dumps(artifact)
    folder = tmp_path / "renders" / artifact["run_id"]
    for name in ("image.png", "reference.png", "without_reference.png", "record.json"):
        assert (folder / name).is_file()
    reference = artifact["measurements"]["reference"]
    assert len(reference["layers"]) == len(reference["moved"]) and reference["without"]["latent"] > 0
    topics = [fact["topic"] for fact in artifact["facts"]]
    assert topics.count("reference") == 3 and "attention" in topics
    record = read_record(folder / "image.png")
    again = blend_again(record, folder, tmp_path / "nowhere", model)
    assert [pixels_sha256(image) for image in again.images] == record["pixels_sha256"]


def blend_again(record, folder, home, model):
    requests = [BlendRequest.from_json(request) for request in record["requests"]]
    pictures = find_references(requests[0].references, record["reference"], (folder, home))
    prompting = StylePrompting.from_json(record["reference"], pictures)
    return blend(requests, load_image_model(model), prompting=prompting)


def test_inside_a_graph_progress_is_streamed(model, tmp_path):
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode(build_tools(FakeSearcher(), model, tmp_path)))
    graph.add_edge(START, "tools")
    graph.add_edge("tools", END)
    asked = AIMessage("", tool_calls=[{"name": "blend_styles", "args": CALL, "id": "1", "type": "tool_call"}])
    seen = list(graph.compile().stream({"messages": [asked]}, stream_mode="custom"))
    assert [(event["step"], event["total"]) for event in seen] == [(1, 3), (2, 3), (3, 3)]
    assert seen[0]["preview_png"].startswith(b"\x89PNG")
