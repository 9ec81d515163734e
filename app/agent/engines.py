"""Which engine answers: the reader, or a language model that the settings name; and who judges what it writes.

It knows providers by name only; a provider's package is imported when a model of it is opened, and not before.
"""

from __future__ import annotations

import re
from typing import Any, cast, get_args

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel

from app.agent.extractive import ExtractiveModel
from app.agent.generative import GenerativeModel
from app.answering.program import Setup
from app.generation.client import MAX_REPLY_TOKENS, ModelClient
from app.generation.judging import ChatJudge, RememberingJudge
from app.generation.prompt import Task
from app.generation.verified_answer import Asked
from app.settings import DEFAULT_CHAT_MODEL, Settings
from app.verification.confirmation import EntailmentJudge, Judge
from app.verification.entailment import load_entailment
from ingest.vectors import PACKAGED

TASKS: tuple[str, ...] = get_args(Task)


class EngineUnavailable(RuntimeError):
    """The chat engine that the settings name cannot be used here; the message is one line that says how to go on."""


class _NotInstalled(EngineUnavailable):
    """A provider's package is not there."""


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
    try:
        model = _open_language_model(settings, settings.chat_model, "UNDERTONE_CHAT_MODEL", limit_s)
        judge = _open_judge(settings, limit_s)
    except _NotInstalled as missing:  # the page stays up, and each answer says why the reader gives it
        return ExtractiveModel(setup=_setup(settings), instead_of=str(missing))
    task = settings.chat_task or ("write" if judge else "plan")
    if task not in TASKS:
        raise EngineUnavailable(f"UNDERTONE_CHAT_TASK={task}: write {' or '.join(TASKS)}")
    asked = Asked(settings.chat_model, ModelClient(model), limit_s, cast(Task, task), judge)
    return GenerativeModel(extractive=ExtractiveModel(setup=_setup(settings)), asked=asked)


def _open_judge(settings: Settings, limit_s: float) -> Judge | None:
    """Who confirms what a language model writes; None where the settings name nobody."""
    if settings.nli and settings.check_model:
        raise EngineUnavailable("UNDERTONE_NLI and UNDERTONE_CHECK_MODEL both name a judge: unset one of them")
    if settings.nli:
        model = load_entailment(settings.nli)
        model.scores([("It rains.", "It rains.")])  # a bad name is said now, not in the middle of an answer
        return RememberingJudge(EntailmentJudge(settings.nli, model))
    if settings.check_model:
        opened = _open_language_model(settings, settings.check_model, "UNDERTONE_CHECK_MODEL", limit_s)
        return RememberingJudge(ChatJudge(settings.check_model, ModelClient(opened), limit_s))
    return None


def _setup(settings: Settings) -> Setup:
    return Setup(settings.chat_model, settings.image_model, settings.embedder or PACKAGED)


def _open_language_model(settings: Settings, name: str, setting: str, limit_s: float) -> BaseChatModel:
    url = settings.chat_url
    # The client tries again itself: it knows when to stop.
    limits: dict[str, Any] = {"timeout": limit_s, "max_retries": 0}
    try:
        if url is None:
            return init_chat_model(name, max_tokens=MAX_REPLY_TOKENS, **limits)
        if not re.match(r"https?://[^/\s]", url):
            raise EngineUnavailable("UNDERTONE_CHAT_URL is no address; give one such as http://localhost:11434/v1")
        return init_chat_model(
            re.sub(r"^(openai|ollama):", "", name),
            model_provider="openai",
            base_url=url,
            api_key=settings.chat_key or "none",  # never the key of another server that the environment holds
            use_responses_api=False,
            extra_body={"max_tokens": MAX_REPLY_TOKENS},  # by the name that every such server knows
            **limits,
        )
    except EngineUnavailable:
        raise
    except Exception as error:  # every provider has kinds of its own
        kind = _NotInstalled if isinstance(error, ImportError) else EngineUnavailable
        raise kind(f"{setting}={name} cannot be opened: {_cure(error)}") from None


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
