"""transformers' own server with a tiny model of random weights: gibberish in, the reader's answer out."""

import time

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from app.agent.engines import load_chat_model
from app.agent.graph import build_agent
from app.conversation.chat import Chat
from app.settings import read_settings
from tools.registry import build_tools

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

TEMPLATE = "{% for m in messages %}<{{ m.role }}> {{ m.content }} {% endfor %}<assistant>"
QUESTION = "Which layers does Visual Style Prompting swap?"


@pytest.fixture(scope="module")
def babbler(tmp_path_factory):
    """A folder with a language model of 2 layers that was never trained, and a tokenizer of the bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("babbler")
    signs = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {sign: number for number, sign in enumerate(["<end>", *signs])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<end>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=16_384, bos_token_id=None, eos_token_id=0, pad_token_id=0,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    model.generation_config.do_sample = True
    model.generation_config.min_new_tokens = model.generation_config.max_new_tokens = 100
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def url(babbler):
    from transformers.cli.serve import Serve

    serve = Serve(str(babbler), host="127.0.0.1", port=0, device="cpu", non_blocking=True)
    deadline = time.monotonic() + 60
    while not serve.server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.05)
    yield f"http://127.0.0.1:{serve.server.servers[0].sockets[0].getsockname()[1]}/v1"
    serve.kill_server()


def test_gibberish_in_the_readers_answer_out(url, babbler, searcher, tmp_path):
    settings = read_settings({"UNDERTONE_CHAT_MODEL": str(babbler), "UNDERTONE_CHAT_URL": url})
    tools = build_tools(searcher, settings.image_model, tmp_path)
    *lines, answer = Chat(build_agent(load_chat_model(settings), tools, InMemorySaver()), None).ask("c", QUESTION)
    assert "Planning" in lines
    assert answer.engine == "reader"
    refusals = (
        "the language model wrote nothing that could be read",
        "the language model named passages that do not answer",
    )
    assert answer.checked.note in refusals  # what random weights say may hold a number
    assert any("swapping the key and value" in s.text for s in answer.sentences)


def test_the_server_really_speaks(url, babbler):
    """The answer above fell back because of what was said, not because nothing was."""
    from langchain_core.messages import HumanMessage

    settings = read_settings({"UNDERTONE_CHAT_MODEL": str(babbler), "UNDERTONE_CHAT_URL": url})
    said = load_chat_model(settings).asked.client.take([HumanMessage("Say something.")], 60)
    assert len(said) > 20
