"""Files as they are read: regular ones only, and no more of them than is wanted. Knows nothing of what they hold."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read from; a pipe or a device could be waited for, or read, for ever.

    Raises:
        OSError: There is none, or it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path, limit_bytes: int) -> bytes:
    """Return what a regular file holds; of one beyond the limit, one byte more than the limit.

    Raises:
        OSError: There is none, or it cannot be read.
    """
    with open_regular(path) as file:
        return file.read(limit_bytes + 1)
