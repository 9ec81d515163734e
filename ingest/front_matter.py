"""A Markdown file's front matter: its fields, and those of a model card that say something as lines to be quoted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ingest.errors import CorpusError

MAX_FRONT_MATTER_CHARS = 200_000
"""Parsed in Python; a model card's list of evaluation results is the longest thing that people put there."""
MAX_METRICS = 100
MAX_FACT_CHARS = 300

FACTS: Mapping[str, str] = {
    "license": "License",
    "language": "Language",
    "base_model": "Base model",
    "datasets": "Training datasets",
    "pipeline_tag": "Task",
    "library_name": "Library",
}
"""What a card's fields are called where they are quoted."""

_FIELD = re.compile(r"\A(?:[\w-]+:(?:\s|\Z)|[-#\s]|\Z)")


class _Loader(yaml.SafeLoader):
    """Reads `no` as the language and not as False: only true and false are truth values, as YAML 1.2 has it."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF"))


def split_front_matter(file: Path, text: str) -> tuple[dict[str, Any], str, int]:
    """Return the fields of a text's front matter, none where it has none, what follows it, and 0.

    Where it is not closed, what seems to follow it is returned without fields, and the number of lines left out.

    Raises:
        CorpusError: It is no list of fields.
    """
    if not re.match(r"---[ \t]*\n", text):
        return {}, text, 0
    closing = re.search(r"^---[ \t]*$", text[4:], re.MULTILINE)
    if not closing:
        last = _last_field(text)
        return {}, text.split("\n", last)[-1] if last > 1 else text, last if last > 1 else 0
    written = text[4 : 4 + closing.start()]
    if len(written) > MAX_FRONT_MATTER_CHARS:
        raise CorpusError(file, f"the front matter is longer than {MAX_FRONT_MATTER_CHARS:,} characters", 1)
    try:
        # an alias is one object, and grows beyond all memory where it is written out
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(written, yaml.SafeLoader)):
            raise CorpusError(file, "the front matter repeats a part by an alias (*name); write it out", 1)
        front = yaml.load(written, _Loader)
    except (RecursionError, ValueError) as error:
        if isinstance(error, CorpusError):
            raise
        raise CorpusError(file, "the front matter cannot be parsed; write `name: value` lines", 1) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise CorpusError(file, f"the front matter is not YAML ({problem}); mend that line", line) from None
    if front is None:
        front = {}
    if not isinstance(front, dict):
        raise CorpusError(file, "the front matter is not a list of `name: value` lines; write it so", 2)
    return {str(key): value for key, value in front.items()}, text[4 + closing.end() :], 0


def facts_of(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a model card's fields say, each as a line: "License: mit"."""
    for name, label in FACTS.items():
        said = [" ".join(str(value).split()) for value in _listed(fields.get(name)) if value is not None]
        if words := ", ".join(said):
            yield f"{label}: {words[:MAX_FACT_CHARS]}"
    count = 0
    for model in _dicts(fields.get("model-index")):
        for result in _dicts(model.get("results")):
            dataset = next(_dicts([result.get("dataset")]), {})
            for metric in _dicts(result.get("metrics")):
                called, value = metric.get("name") or metric.get("type"), metric.get("value")
                if called is None or isinstance(value, dict | list) or value is None or count == MAX_METRICS:
                    continue
                count += 1
                where = f" on {dataset['name']}" if dataset.get("name") else ""
                yield " ".join(f"Metric: {called}{where}: {value}".split())[:MAX_FACT_CHARS]


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _dicts(values: Any) -> Iterator[dict[str, Any]]:
    return (value for value in _listed(values) if isinstance(value, dict))


def _last_field(text: str) -> int:
    """Return the number of the last line that looks like one of the front matter."""
    last = 1  # a line of dashes above no field is a rule
    for number, line in enumerate(text.split("\n")[1:], 2):
        if not line.strip() or not _FIELD.match(line) or line.startswith("#"):
            break
        last = number
    return last
