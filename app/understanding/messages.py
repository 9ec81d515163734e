"""What a person may ask: some text, not too long. Knows nothing of who answers."""

from __future__ import annotations

MAX_QUESTION_CHARS = 4_000


class UnusableQuestion(ValueError):
    """The question is empty or too long."""


def check_question(question: object) -> str:
    """Return the question without the space around it.

    Raises:
        UnusableQuestion: It is not text, empty, or longer than 4,000 characters.
    """
    if not isinstance(question, str):
        raise UnusableQuestion("the question is not text; put it in quotes")
    question = question.strip()
    if not question:
        raise UnusableQuestion("the question is empty; ask something about the corpus")
    if len(question) > MAX_QUESTION_CHARS:
        raise UnusableQuestion(f"the question has {len(question):,} characters; shorten it to {MAX_QUESTION_CHARS:,}")
    return question
