"""What every command does alike: arguments refused in one line, a quiet end by Ctrl-C or when nobody reads on.

Knows nothing of what a command does, and imports nothing that takes time: it is there before the rest is imported.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

STOPPED = 130
"""The exit status that a shell gives a program that Ctrl-C ended."""


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments, and leaves with status 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (see {self.prog} --help)\n")


def stop_quietly() -> None:
    """Let Ctrl-C end the process at once, with one line and no traceback, also while modules are being imported.

    What is being written then is as after a kill: every file of ours is written beside its place and moved there.
    """
    signal.signal(signal.SIGINT, _stop)


@contextlib.contextmanager
def lasting() -> Iterator[None]:
    """Import and open what stays until the end: the garbage collector neither runs meanwhile nor reads it later.

    Hundreds of thousands of objects and no garbage among them: to look through them was a sixth of an import's time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def leave(main: Callable[[], int]) -> NoReturn:
    """Run a command and leave with its exit status; where its reader has gone away (`| head`), quietly with 0."""
    if sys.stdout:
        # a file's name need not be UTF-8; inside of JSON the replacement is the very escape that JSON has for it
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        try:
            status: int | str | None = main()
        except SystemExit as left:  # argparse, after its help
            status = left.code
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:
        status = 0
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for broken in (1, 2):  # Python writes out what is left at its end, and would complain once more
            os.dup2(nowhere, broken)
    gc.freeze()  # what is still there goes with the process: to take it apart first takes seconds where torch is loaded
    # the work is done: Python puts Ctrl-C's old meaning back while it shuts down, and would end by the signal
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(status)


def _stop(*_: Any) -> NoReturn:
    with contextlib.suppress(OSError):
        os.write(2, b"stopped\n")
    os._exit(STOPPED)
