"""Which engine answers: what opens, and the one line where it does not."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.__main__ import main
from app.agent.engines import EngineUnavailable, load_chat_model
from app.agent.extractive import ExtractiveModel
from app.settings import read_settings
from ingest.vectors import EmbedderUnavailable

ROOT = Path(__file__).resolve().parent.parent
URL = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_the_reader_is_the_default():
    assert isinstance(load_chat_model(read_settings({})), ExtractiveModel)


@pytest.mark.parametrize(
    "environ, complaint",
    [
        ({"UNDERTONE_CHAT_MODEL": "nosuch:model"}, "no such provider"),
        ({"UNDERTONE_CHAT_MODEL": "llama"}, "no such provider"),
        ({"UNDERTONE_CHAT_MODEL": "openai:gpt-9"}, "set the provider's key"),
        ({"UNDERTONE_CHAT_MODEL": "m", "UNDERTONE_CHAT_URL": "localhost:11434"}, "no address"),
        ({"UNDERTONE_CHAT_URL": URL}, "UNDERTONE_CHAT_MODEL"),
        ({"UNDERTONE_CHAT_MODEL": "m", "UNDERTONE_CHAT_URL": URL, "UNDERTONE_CHAT_TASK": "sing"}, "plan or write"),
        (
            {
                "UNDERTONE_CHAT_MODEL": "m",
                "UNDERTONE_CHAT_URL": URL,
                "UNDERTONE_CHECK_MODEL": "c",
                "UNDERTONE_NLI": "n",
            },
            "unset one",
        ),
        ({"UNDERTONE_CHAT_MODEL": "m", "UNDERTONE_CHAT_URL": URL, "UNDERTONE_CHAT_LIMIT_S": "soon"}, "seconds"),
        ({"UNDERTONE_CHAT_MODEL": "m", "UNDERTONE_CHAT_URL": URL, "UNDERTONE_CHAT_LIMIT_S": "-1"}, "seconds"),
    ],
)
def test_a_model_that_cannot_be_opened_says_so_in_one_line(environ, complaint):
    with pytest.raises(EngineUnavailable) as refusal:
        load_chat_model(read_settings(environ))
    assert complaint in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_provider_whose_package_is_missing_leaves_the_reader_to_say_so():
    model = load_chat_model(read_settings({"UNDERTONE_CHAT_MODEL": "mistralai:m"}))
    assert isinstance(model, ExtractiveModel)
    assert "mistralai:m cannot be opened: install its package, pip install langchain-mistralai" in model.instead_of


@pytest.mark.parametrize(
    "environ, task",
    [({}, "plan"), ({"UNDERTONE_CHECK_MODEL": "c"}, "write"), ({"UNDERTONE_CHAT_TASK": "write"}, "write")],
)
def test_it_writes_where_a_judge_is_named_or_where_it_is_told_to(environ, task):
    settings = read_settings({"UNDERTONE_CHAT_MODEL": "m", "UNDERTONE_CHAT_URL": URL, **environ})
    assert load_chat_model(settings).asked.task == task


def test_an_nli_model_that_cannot_be_opened_says_so_before_anything_is_asked(tmp_path, monkeypatch, capsys):
    environ = {"UNDERTONE_CHAT_MODEL": "m", "UNDERTONE_CHAT_URL": URL, "UNDERTONE_NLI": str(tmp_path / "nowhere")}
    with pytest.raises(EmbedderUnavailable, match="UNDERTONE_NLI"):
        load_chat_model(read_settings(environ))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main(["why?", "--home", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_command_line_refuses_with_status_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("UNDERTONE_CHAT_MODEL", "openai:gpt-9")
    assert main(["why?", "--home", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "openai:gpt-9 cannot be opened" in err and len(err.splitlines()) == 1


def test_no_provider_is_imported_for_the_reader():
    code = (
        "import sys, app.application; print([m for m in sys.modules if m.startswith(('langchain_openai', 'openai'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
