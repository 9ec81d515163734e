"""A chat model as the judge: it is asked a passage and a sentence alone, yes or no, many pairs at once.

It knows nothing of questions or answers. What was said of a pair is remembered.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from app.generation.client import ModelClient, ModelClientFailed
from app.generation.prompt import as_line, prompt
from app.verification.confirmation import Judge

AT_ONCE = 4
MAX_REMEMBERED = 4_096

_THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.S | re.I)
_FIRST_WORD = re.compile(r"[^\W\d_]+")


class ChatJudge:
    """Asks a language model; what it cannot be asked it leaves open."""

    def __init__(self, name: str, client: ModelClient, limit_s: float) -> None:
        """Name the judge.

        Args:
            limit_s: Seconds that a batch may take.
        """
        self.name = name
        self._client = client
        self._limit_s = limit_s

    def supports(self, pairs: Sequence[tuple[str, str]]) -> list[bool | None]:
        until_s = time.monotonic() + self._limit_s

        def ask(pair: tuple[str, str]) -> bool | None:
            try:
                said = self._client.take(question_of(*pair), until_s - time.monotonic(), tries=2)
            except ModelClientFailed:
                return None
            return is_yes(said)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(ask, pairs))


class RememberingJudge:
    """A judge that is asked each pair once."""

    def __init__(self, judge: Judge) -> None:
        self.name = judge.name
        self._judge = judge
        self._known: OrderedDict[tuple[str, str], bool] = OrderedDict()

    def supports(self, pairs: Sequence[tuple[str, str]]) -> list[bool | None]:
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._known]
        said = dict(zip(new, self._judge.supports(new) if new else [], strict=True))
        self._known |= {pair: held for pair, held in said.items() if held is not None}
        answers = [self._known.get(pair, said.get(pair)) for pair in pairs]
        while len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
        return answers


def question_of(passage: str, sentence: str) -> list[BaseMessage]:
    """Ask about one pair, in the form that models made for it know."""
    told = f"Document: {as_line(passage)}\nClaim: {as_line(sentence)}"
    return [SystemMessage(prompt("judge")), HumanMessage(told)]


def is_yes(said: str) -> bool:
    """Whether a reply begins with yes; anything but a plain yes is a no."""
    word = _FIRST_WORD.search(_THINKING.sub(" ", said))
    return word is not None and word[0].lower() in ("yes", "supported", "true")
