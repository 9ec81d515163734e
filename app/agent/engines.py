"""Which engine answers: the reader, or a language model that the settings name.

It knows providers by name only; a provider's package is imported when a model of it is opened, and not before.
"""

from __future__ import annotations

import re
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel

from app.agent.extractive import ExtractiveModel
from app.agent.generative import GenerativeModel
from app.answering.program import Setup
from app.generation.client import ModelClient
from app.settings import DEFAULT_CHAT_MODEL, Settings
from ingest.vectors import PACKAGED, load_entailment


class EngineUnavailable(RuntimeError):
    """The chat engine that the settings name cannot be used here; the message is one line that says how to go on."""


def load_chat_model(settings: Settings) -> BaseChatModel:
    """Open the chat engine that the settings name.

    Raises:
        EngineUnavailable: The settings contradict each other, or the language model cannot be opened.
        EmbedderUnavailable: The NLI model cannot be.
    """
    if settings.chat_model == DEFAULT_CHAT_MODEL:
        if settings.chat_url:
            raise EngineUnavailable(
                "UNDERTONE_CHAT_URL is set but no model: name one that the server offers in UNDERTONE_CHAT_MODEL, "
                "or unset it to use the reader"
            )
        return ExtractiveModel(setup=_setup(settings))
    limit_s = _limit_s(settings)
    model = _open_language_model(settings, limit_s)
    nli = load_entailment(settings.nli) if settings.nli else None
    if nli:
        nli.scores([("It rains.", "It rains.")])  # a bad name is said now, not in the middle of an answer
    return GenerativeModel(
        extractive=ExtractiveModel(setup=_setup(settings)),
        client=ModelClient(model),
        engine=settings.chat_model,
        limit_s=limit_s,
        nli=nli,
    )


def _setup(settings: Settings) -> Setup:
    return Setup(settings.chat_model, settings.image_model, settings.embedder or PACKAGED)


def _open_language_model(settings: Settings, limit_s: float) -> BaseChatModel:
    name, url = settings.chat_model, settings.chat_url
    limits: dict[str, Any] = {
        "timeout": limit_s,
        "max_retries": 0,
    }  # the client tries again itself: it knows when to stop
    try:
        if url is None:
            return init_chat_model(name, **limits)
        if not re.match(r"https?://[^/\s]", url):
            raise EngineUnavailable("UNDERTONE_CHAT_URL is no address; give one such as http://localhost:11434/v1")
        return init_chat_model(
            re.sub(r"^(openai|ollama):", "", name),
            model_provider="openai",
            base_url=url,
            api_key=settings.chat_key or "none",  # never the key of another server that the environment holds
            use_responses_api=False,
            **limits,
        )
    except EngineUnavailable:
        raise
    except Exception as error:  # every provider has kinds of its own
        raise EngineUnavailable(f"UNDERTONE_CHAT_MODEL={name} cannot be opened: {_cure(error)}") from None


def _cure(error: Exception) -> str:
    """What to do about it, in our words: a provider's may hold a key."""
    if isinstance(error, ImportError):
        package = re.search(r"pip install ([\w-]+)", str(error))
        return f"install its package, pip install {package[1] if package else 'langchain-<provider>'}"
    if type(error) is ValueError and "provider" in str(error):
        return "no such provider; write provider:model, or name the server that has it in UNDERTONE_CHAT_URL"
    why = f"its provider refuses to start ({type(error).__name__})"
    return f"{why}; set the provider's key in the environment, or unset the model to use the reader"


def _limit_s(settings: Settings) -> float:
    try:
        limit_s = float(settings.chat_limit_s)
    except ValueError:
        limit_s = 0.0
    if not 0 < limit_s <= 3600:
        raise EngineUnavailable(f"UNDERTONE_CHAT_LIMIT_S={settings.chat_limit_s}: give seconds from 1 to 3600")
    return limit_s
