"""The checksums of a model folder's files, which are compared whenever it is loaded."""

import hashlib
from pathlib import Path


def write_checksums(folder: Path) -> None:
    """Write `SHA256SUMS`, one `<hex>  <path>` line for each other file of the folder, sorted by path."""
    sums = folder / "SHA256SUMS"
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != sums)
    hexes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    lines = [f"{value}  {path.relative_to(folder).as_posix()}\n" for value, path in zip(hexes, files, strict=True)]
    sums.write_text("".join(lines))
