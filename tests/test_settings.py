from pathlib import Path

from app.settings import CORPUS, read_settings


def test_an_empty_environment_gives_the_documented_defaults():
    settings = read_settings({})
    assert settings.home == Path(".undertone")
    assert settings.chat_model == "reader"
    assert settings.image_model == "embedded"
    assert (settings.chat_url, settings.embedder, settings.chroma_url) == (None, None, None)
    assert settings.conversations == Path(".undertone/conversations.sqlite")
    assert settings.renders == Path(".undertone/renders")


def test_every_documented_variable_is_read():
    settings = read_settings(
        {
            "UNDERTONE_HOME": "~/tones",
            "UNDERTONE_CHAT_MODEL": "ollama:llama3",
            "UNDERTONE_CHAT_URL": "http://localhost:11434/v1",
            "UNDERTONE_IMAGE_MODEL": "some/model",
            "UNDERTONE_EMBEDDER": "all-mpnet-base-v2",
            "UNDERTONE_CHROMA_URL": "http://localhost:8000",
            "UNDERTONE_DATABASE_URL": "postgresql://ada:hush@localhost/undertone",
        }
    )
    assert settings.home == Path.home() / "tones"
    assert settings.chat_model == "ollama:llama3"
    assert settings.chat_url == "http://localhost:11434/v1"
    assert settings.image_model == "some/model"
    assert settings.embedder == "all-mpnet-base-v2"
    assert settings.chroma_url == "http://localhost:8000"
    assert settings.database_url == "postgresql://ada:hush@localhost/undertone" and "hush" not in repr(settings)


def test_flags_win_over_the_environment():
    environ = {"UNDERTONE_HOME": "/a", "UNDERTONE_IMAGE_MODEL": "one"}
    settings = read_settings(environ, home=Path("/b"), image_model="two")
    assert settings.home == Path("/b")
    assert settings.image_model == "two"


def test_a_variable_set_to_nothing_counts_as_not_set():
    assert read_settings({"UNDERTONE_CHAT_MODEL": " ", "UNDERTONE_HOME": ""}) == read_settings({})


def test_the_packaged_corpus_lies_where_the_settings_say():
    assert (CORPUS / "papers").is_dir()
