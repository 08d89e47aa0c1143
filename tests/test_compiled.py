"""Compiled functions where numba's cache cannot be written, or read."""

from __future__ import annotations

import sys

import numba
import numpy as np
import pytest
from numba.core.caching import CacheImpl

from infosem.data._scanpy import import_scanpy
from infosem.module._compiled import Compiled


def double(values, result):
    for k in range(len(values)):
        result[k] = 2 * values[k]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def run():
    result = np.zeros(3)
    Compiled(double, {"nogil": True})(np.arange(3.0), result)
    assert result.tolist() == [0, 2, 4]


def test_what_was_compiled_is_kept(folder, caplog):
    run()
    kept = {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.nb*")}
    assert len(kept) == 2
    run()
    assert {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.nb*")} == kept
    assert not caplog.text


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[:-20], lambda content: bytes(99)])
def test_a_damaged_cache_is_passed_over_and_named(folder, caplog, damage, ending):
    run()
    (path,) = folder.rglob(f"*.{ending}")
    path.write_bytes(damage(path.read_bytes()))
    run()
    assert "numba's cache cannot be used: test_compiled.double is compiled anew" in caplog.text
    assert f"Delete {path.parent}/test_compiled.double-*" in caplog.text


def test_no_place_for_a_cache(monkeypatch, caplog):
    monkeypatch.setattr(CacheImpl, "_locator_classes", [])
    run()
    assert "numba has no place to keep what it compiled: test_compiled.double" in caplog.text
    assert "NUMBA_CACHE_DIR=/path" in caplog.text
    for name in [name for name in sys.modules if name.partition(".")[0] == "scanpy"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(RuntimeError, match=r"scanpy cannot be imported.*NUMBA_CACHE_DIR"):
        import_scanpy()


def test_errors_of_the_function_are_no_fault_of_the_cache(folder, caplog):
    with pytest.raises(numba.core.errors.NumbaError):
        Compiled(double, {})("text", object())
    assert not caplog.text
