"""Forward hooks that are there while something runs, and gone afterwards whatever happens."""

from collections.abc import Callable
from types import TracebackType
from typing import Any

from torch import nn


class ForwardHooks:
    """Registers its hooks when entered and removes them when left; it can be entered again.

    Args:
        hooks: Pairs of a module and what is called with (module, arguments, output) after each of its calls; what it
            returns, unless None, takes the output's place.
    """

    def __init__(self, hooks: list[tuple[nn.Module, Callable[[Any, Any, Any], Any]]]) -> None:
        self._wanted = hooks
        self._handles: list[Any] = []

    def __enter__(self) -> "ForwardHooks":
        for module, hook in self._wanted:
            self._handles.append(module.register_forward_hook(hook))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []
