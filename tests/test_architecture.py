"""The packages' imports run one way, scvi-tools' private names are in one place, and files stay short."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import infosem

HOME = Path(infosem.__file__).parent
FLOORS = [
    ["files"],
    ["data"],
    ["network", "statistics"],
    ["module", "get"],
    ["scores"],
    ["train"],
    ["model"],
    ["pp"],
    ["datasets"],
    ["tl"],
    ["benchmark"],
    ["pl"],
    ["cli"],
]
"""From the ground up: a package imports from itself and from floors below."""

FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(path.relative_to(HOME) for path in HOME.rglob("*.py"))
PACKAGED = [path for path in FILES if len(path.parts) > 1]
REPOSITORY = Path(__file__).parents[1]
SOURCES = {str(path): HOME / path for path in FILES}
for folder in ("benchmarks", "tests"):
    SOURCES |= {str(path.relative_to(REPOSITORY)): path for path in sorted((REPOSITORY / folder).rglob("*.py"))}


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions and for type checkers; names of ``infosem`` in full."""
    for node in ast.walk(ast.parse((HOME / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            assert node.module is not None
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_every_package_has_a_floor():
    assert {path.parts[0] for path in PACKAGED} == set(FLOOR_OF)
    assert {path.name for path in FILES if len(path.parts) == 1} == {"__init__.py", "__main__.py"}


@pytest.mark.parametrize("path", PACKAGED, ids=str)
def test_no_import_runs_up(path):
    own = path.parts[0]
    for name in imports(path):
        if not name.startswith("infosem."):
            continue
        room = name.split(".")[1]
        if own == "cli" and room not in FLOOR_OF:
            continue  # a name of the root, as a user imports it
        assert room == own or FLOOR_OF[room] < FLOOR_OF[own], f"{path} imports {name}, which is not below {own}"


def test_private_names_of_scvi_tools_are_in_one_file():
    for path in FILES:
        private = [name for name in imports(path) if name.startswith("scvi.") and "._" in name]
        assert not private or path == Path("data/_scvi.py"), f"{path} imports {private}"


@pytest.mark.parametrize("name", SOURCES)
def test_no_file_is_longer_than_one_can_take_in(name):
    assert len(SOURCES[name].read_text().splitlines()) <= 300
