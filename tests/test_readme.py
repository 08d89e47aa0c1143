"""The example of the README runs as it stands there, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
LINKS = {link for pair in re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", README) for link in pair if link}


def anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub links to them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_runs(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("Agg")
    exec(compile(example, "README.md", "exec"), {})
    plt.close("all")
    assert (tmp_path / "network.png").stat().st_size > 10_000


@pytest.mark.parametrize("link", sorted(link for link in LINKS if "://" not in link))
def test_link_leads_somewhere(link):
    path, _, anchor = link.partition("#")
    assert (ROOT / path).exists()
    assert not anchor or anchor in anchors(ROOT / path)


def test_it_fits_on_a_few_screens():
    assert len(README.split()) < 700
