"""The prompt as the image model reads it, on a tiny model with the real tokenizer of its own."""

import pytest
from langchain_core.tools import ToolException

from tests.tiny import tiny_folder
from tools.models import load_image_model
from tools.registry import run_tool
from tools.specs import ToolContext


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    return ToolContext(None, str(tiny_folder(folder)), folder)


def test_a_prompt_is_cut_as_the_model_cuts_it(context):
    text, read = run_tool("read_prompt", {"subject": "a red house", "styles": ["oil", "ink wash"]}, context)
    cut = load_image_model(context.image_model).pipeline.tokenizer.tokenize
    assert [one["phrase"] for one in read["phrases"]] == ["subject", "oil", "ink wash"]
    assert [one["tokens"] for one in read["phrases"]] == [cut("a red house"), cut("oil"), cut("ink wash")]
    assert read["count"] == sum(len(one["tokens"]) for one in read["phrases"])
    assert str(read["count"]) in text and str(read["max_tokens"]) in text


def test_a_model_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(ToolException, match="The prompt was not read") as error:
        run_tool("read_prompt", {"subject": "a", "styles": []}, ToolContext(None, str(tmp_path / "none"), tmp_path))
    assert "\n" not in str(error.value)
