"""What is kept on disk, where it cannot be written, or read."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from infosem import pp
from infosem.files._cache import Kept, cache_folder
from infosem.pp import _fetch_descriptions
from infosem.pp._embedding_cache import EmbeddingCache

open_cache = partial(Kept, kind="things", file="a.sqlite", table="things", key="name", value="what")


def test_what_is_added_is_there_again(tmp_path, caplog):
    kept = open_cache(tmp_path / "new" / "folder")
    kept.add({"a": "one", "b": b"two"})
    again = open_cache(tmp_path / "new" / "folder")
    assert [again.get(key) for key in "abc"] == ["one", b"two", None]
    again.add({"a": "other"})
    assert kept.get("a") == "other"
    nothing = open_cache(None)
    nothing.add({"a": "one"})
    assert nothing.get("a") is None
    assert not caplog.text


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.parent.touch(),
        lambda path: path.mkdir(parents=True),
        lambda path: [path.parent.mkdir(), path.write_bytes(b"no database, but something else" * 100)],
        lambda path: [path.parent.mkdir(), path.symlink_to(path.parent / "absent" / "a.sqlite")],
        lambda path: [path.parent.mkdir(), sqlite3.connect(path).execute("CREATE VIEW things AS SELECT 1")],
    ],
    ids=["a file for a folder", "a folder for a file", "garbage", "a link to nowhere", "another database"],
)
def test_what_cannot_be_used_is_passed_over_and_named(tmp_path, caplog, spoil):
    path = tmp_path / "folder" / "a.sqlite"
    spoil(path)
    kept = open_cache(path.parent)
    kept.add({"a": "one"})
    assert kept.get("a") is None
    kept.close()
    assert str(path) in caplog.text
    assert "cache=" in caplog.text


def test_damage_in_the_middle(tmp_path, caplog):
    kept = open_cache(tmp_path)
    kept.add({str(number): "x" * 100 for number in range(1000)})
    kept.close()
    path = tmp_path / "a.sqlite"
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    kept = open_cache(tmp_path)
    assert [value for number in range(1000) if (value := kept.get(str(number))) not in ("x" * 100, None)] == []
    kept.add({"new": "y"})
    assert f"The cache {path} cannot be used" in caplog.text


def test_one_that_another_process_holds_is_read_and_not_written(tmp_path, caplog, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, timeout: connect(path, timeout=0.1))
    kept = open_cache(tmp_path)
    kept.add({"a": "one"})
    other = connect(tmp_path / "a.sqlite")
    other.execute("BEGIN IMMEDIATE")
    kept = open_cache(tmp_path)
    kept.add({"b": "two"})
    kept.add({"c": "three"})
    assert [kept.get(key) for key in "abc"] == ["one", None, None]
    assert caplog.text.count(f"Nothing more is added to the cache {tmp_path / 'a.sqlite'} (database is locked)") == 1


def test_no_home(monkeypatch, caplog):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    with pytest.raises(OSError, match="no home directory; name a folder"):
        cache_folder("auto", "things")
    open_cache("auto").add({"a": "one"})
    assert "The cache a.sqlite cannot be used (there is no home directory" in caplog.text


@pytest.mark.parametrize("stored", [b"\0" * 8, b"\0" * 13, b"", "text", 7, None])
def test_vectors_of_another_length_are_computed_again(tmp_path, caplog, stored):
    cache = EmbeddingCache(tmp_path, "a model", width=3)
    cache.add({"one": np.ones(3), "two": np.ones(3)})
    (path,) = tmp_path.iterdir()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE vectors SET vector = ? WHERE rowid = 1", (stored,))
    assert list(cache.get(["one", "two", "three"])) == ["two"]
    assert (f"1 vectors in the cache {path} do not belong to this model" in caplog.text) == (stored is not None)


@pytest.mark.parametrize("species", ["../../x", "a/b", "..", ".", "", "/etc/x", "a\\b", "a\0b", "hu*man", None, "x.y"])
def test_a_species_names_no_path(tmp_path, species):
    with pytest.raises(ValueError, match="must be a common name.*9606"):
        pp.fetch_descriptions(["TP53"], species=species, cache=tmp_path / "cache", progress=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "stored", ["", "{", "null", "7", '["TP53"]', '[{"_id": "1"}]', b"\xff", None, '{"_id": "1", "symbol": "a"}']
)
def test_answers_that_are_none_are_asked_for_again(tmp_path, monkeypatch, stored):
    hit = {"_id": "7157", "symbol": "TP53", "query": "TP53"}
    asked = []
    monkeypatch.setattr(_fetch_descriptions, "_ask", lambda names, _: asked.append(names) or {"TP53": [hit]})
    options = {"species": 9606, "cache": tmp_path, "progress": False}
    for _ in range(2):
        pp.fetch_descriptions(["TP53"], **options)
    with sqlite3.connect(tmp_path / "mygene_9606.sqlite") as database:
        database.execute("UPDATE answers SET hits = ?", (stored,))
    assert pp.fetch_descriptions(["TP53"], **options)["symbol"].tolist() == ["TP53"]
    assert asked == [["TP53"]] * 2
