"""The house: imports point one way, each library has one door, the README's tree is the real tree."""

import ast
import importlib.util
import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSES = ("ingest", "tools", "app")
MAX_LINES = 300
MAX_OWN_FILES = 8
LAYERS = (  # each may import what stands before it; rooms of one layer may import each other
    (("ingest",), ("tools",), ("app",)),
    (
        ("app.answers", "app.settings", "app.markup"),
        ("app.understanding", "app.verification"),
        ("app.answering", "app.generation"),
        ("app.agent",),
        ("app.conversation",),
        ("app.application", "app.corpora"),
        ("app.serving.opening",),
        ("app.ui",),
        ("app.page", "app.serving", "app.workflow_command", "app.__main__"),
    ),
    (
        ("tools.vocabulary",),
        ("tools.models", "tools.noising", "tools.hooks"),
        ("tools.trace",),
        ("tools.blend",),
        ("tools.experiments",),
        ("tools.style_augmentation",),
        (
            "tools.registry",
            "tools.stressing",
            "tools.rendering",
            "tools.tokens",
            "tools.specs",
            "tools.options",
            "tools.__main__",
        ),
    ),
)
"""The layers of the houses, and of the rooms of `app/` and `tools/`."""
DOORS = {
    "chromadb": {"ingest/dense.py", "ingest/vector_store.py"},
    "pypdfium2": {"ingest/pdf_pages.py"},
    "sentence_transformers": {"ingest/vectors.py"},
    "streamlit": {"app/page.py", "app/serving/", "app/ui/"},
    "diffusers": {"tools/"},
    "psycopg": {"app/conversation/database.py"},
    "psycopg_pool": {"app/conversation/database.py"},
    "ray": {"ingest/cluster.py"},
    "compel": {"tools/blend/prompts.py"},
    "langchain": {"app/agent/", "app/generation/"},
}


def modules():
    tracked = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(line) for line in tracked.split() if (ROOT / line).exists()]


def imports(path):
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def layer(name, layers):
    """The number of the layer that a module's dotted name belongs to; None where it belongs to none."""
    for number, rooms in enumerate(layers):
        if any(name == room or name.startswith(f"{room}.") for room in rooms):
            return number
    return None


def turned(path, name):
    """Whether an import points against the arrow. Entry points are the edge: they may read the settings."""
    importer = ".".join(path.with_suffix("").parts)
    if path.parts[0] not in HOUSES:
        return False
    if name.split(".")[0] == "tests":
        return True
    if path.name == "__main__.py" and name == "app.settings":
        return False
    return any(
        (here := layer(importer, layers)) is not None and (there := layer(name, layers)) is not None and there > here
        for layers in LAYERS
    )


def test_no_module_of_the_houses_grows_past_what_is_read_at_one_sitting():
    lines = {str(path): (ROOT / path).read_text("utf-8").count("\n") for path in modules() if path.parts[0] in HOUSES}
    assert {path: count for path, count in lines.items() if count >= MAX_LINES} == {}


def test_app_is_rooms_with_few_files_beside_them():
    own = [str(path) for path in modules() if path.parts[0] == "app" and len(path.parts) == 2]
    assert len(own) <= MAX_OWN_FILES, own


def test_imports_point_one_way():
    assert [(str(p), n) for p in modules() for n in imports(p) if turned(p, n)] == []


def test_the_check_sees_an_arrow_that_turns_round():
    assert turned(Path("tools/search.py"), "app.agent.extractive")
    assert turned(Path("ingest/index.py"), "tools.search")
    assert turned(Path("app/answering/composer.py"), "app.agent.graph")
    assert turned(Path("app/answers.py"), "app.answering.composer")
    assert turned(Path("tools/trace/noise.py"), "tools.blend.conditioning")
    assert turned(Path("tools/blend/results.py"), "tools.experiments.flip")
    assert turned(Path("app/verification/claims.py"), "tests.tiny")
    assert not turned(Path("app/agent/extractive.py"), "tools.search")
    assert not turned(Path("app/ui/answer.py"), "app.answers")
    assert not turned(Path("ingest/__main__.py"), "app.settings")


@pytest.mark.parametrize("library", DOORS)
def test_each_library_has_one_door(library):
    users = {str(p) for p in modules() if p.parts[0] in HOUSES for n in imports(p) if n.split(".")[0] == library}
    assert users, f"nothing imports {library}: take it out of the list and of requirements.txt"
    assert [
        u for u in users if not any(u == door or (door.endswith("/") and u.startswith(door)) for door in DOORS[library])
    ] == []


def test_only_the_settings_read_the_environment():
    readers = [
        str(p)
        for p in modules()
        if p.parts[0] in HOUSES and re.search(r"\bos\.(getenv|environ(?!\.update\())", (ROOT / p).read_text("utf-8"))
    ]
    assert set(readers) <= {"app/settings.py"}


def test_each_pin_stands_under_the_first_folder_that_needs_it():
    distributions = packages_distributions()
    needed = {}
    for house in HOUSES:
        for name in (n.split(".")[0] for p in modules() if p.parts[0] == house for n in imports(p)):
            found = distributions.get(name, [])
            for one in found if len(found) == 1 else {name} & set(found):  # several share a namespace
                needed.setdefault(one.lower().replace("_", "-"), house)
    needed["langchain"] = needed.pop("langchain-core")  # which comes with it
    group, misplaced = "", []
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()[2:]:
        if line.startswith("# "):
            group = line[2:]
        elif line and (name := line.partition("==")[0].lower().replace("_", "-")) in needed:
            misplaced += [f"{name} is under {group}, {needed[name]} needs it"] if needed[name] != group else []
    assert misplaced == []
    assert len(needed) > 20


def test_torchvision_is_absent():
    assert importlib.util.find_spec("torchvision") is None, "torchvision breaks diffusers' import beside this torch"


def test_the_readme_tree_is_the_real_tree():
    block = re.search(r"```text\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    assert block, "README.md has no tree"
    named, folder = set(), ""
    for line in block[1].splitlines():
        name = line.strip().split()[0] if line.strip() else ""
        if not line.startswith(" ") and name.endswith("/"):
            folder = name
            named.add(folder)
        elif name:
            named.add((folder if line.startswith(" ") else "") + name)
    assert sorted(n for n in named if not (ROOT / n).exists()) == [], "the README names what is not there"
    rooms = {f"{p.parent}/" for p in modules() if p.parts[0] in HOUSES}
    assert sorted(rooms - named) == [], "the README's tree lacks these rooms"
