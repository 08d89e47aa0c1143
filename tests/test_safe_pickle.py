"""Pickles that are read as data."""

from __future__ import annotations

import collections
import datetime
import functools
import io
import os
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch

from infosem.files._safe_pickle import _ADMITTED, read_pickle

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


class Calls:
    """Unpickled, it calls a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def read(value, protocol=pickle.DEFAULT_PROTOCOL):
    content = value if isinstance(value, bytes) else pickle.dumps(value, protocol)
    return read_pickle(io.BytesIO(content), "some.pickle")


@pytest.mark.parametrize("protocol", PROTOCOLS)
class TestData:
    def test_vectors_by_name(self, protocol):
        vectors = {"TF0": [0.5, -1.0], "ü": (1, 2**70), 3: None, "set": {1, 2}, "frozen": frozenset([True])}
        assert read(vectors, protocol) == vectors
        assert read(collections.OrderedDict(vectors), protocol) == vectors
        assert type(read(collections.defaultdict(list, vectors), protocol)) is dict
        assert read(collections.defaultdict(list, vectors), protocol) == vectors

    @pytest.mark.parametrize(
        "array",
        [
            np.arange(6, dtype=np.float32).reshape(2, 3),
            np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            np.arange(4, dtype=">f8"),
            np.arange(10, dtype=np.int16)[::2],
            np.array([True, False]),
            np.array(["a", "bcd"]),
            np.array([b"a"]),
            np.array(["a", None, 2], dtype=object),
            np.array([[1, "a"], [2, "b"]], dtype=object),
            np.zeros((0, 3), dtype=np.float16),
            np.array(1.5),
        ],
        ids=lambda array: f"{array.dtype}-{array.shape}",
    )
    def test_arrays(self, protocol, array):
        found = read({"x": array}, protocol)["x"]
        assert found.dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found, array)

    @pytest.mark.parametrize("number", [np.float32(0.1), np.int64(3), np.bool_(True), np.str_("abc")])
    def test_numbers_of_numpy(self, protocol, number):
        found = read([number], protocol)[0]
        assert found == number
        assert type(found) is type(number)

    @pytest.mark.parametrize(
        ("value", "name"),
        [
            (Calls(os.mkdir, "made"), r"(posix|nt)\.mkdir"),
            (Calls(eval, "1"), r"builtin.*\.eval"),
            (Calls(getattr, 1, "real"), r"builtin.*\.getattr"),
            ({"a": [Calls(os.mkdir, "made")]}, "mkdir"),
            ({(1, Calls(os.mkdir, "made")): 1}, "mkdir"),
            (np.array([Calls(os.mkdir, "made")], dtype=object), "mkdir"),
            (functools.partial(print), r"functools\.partial|copy_?reg"),
            (pd.DataFrame({"a": [1.0]}), r"pandas\.|copy_?reg"),
            (torch.zeros(2), r"torch\."),
            (datetime.date(2020, 1, 1), r"datetime\.date"),
            (len, r"builtin.*\.len"),
            (np.zeros(2, [("a", "f4")]), "type 'V4'"),
            (np.zeros(2, "M8[s]"), "type 'M8'"),
            (np.ma.zeros(2), r"numpy\.ma"),
            (np.rec.array([(1, 2.0)]), "recarray"),
        ],
        ids=range(15),
    )
    def test_the_rest_is_refused_by_name_and_not_run(self, protocol, value, name, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ValueError, match=rf"some\.pickle holds .*{name}.*pandas\.read_pickle"):
            read(value, protocol)
        assert not list(tmp_path.iterdir())


OBJECTS = b"cnumpy\ndtype\n(S'O8'\nI00\nI01\ntR"
"""The type of an array of objects, by hand."""
ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"


@pytest.mark.parametrize(
    "content",
    [
        ARRAY + b"(I1\n(I1\nt" + OBJECTS + b"I00\nS'AAAAAAAA'\ntb.",  # bytes as addresses of objects
        ARRAY + b"(I1\n(I127\nt" + OBJECTS + b"I00\n(lp0\nI1\natb.",  # a list that is too short
        ARRAY + b"(I1\n(I-1\nt" + OBJECTS + b"I00\n(lp0\nI1\natb.",
        ARRAY + b"(I1\n(I100\ntcnumpy\ndtype\n(S'f8'\nI00\nI01\ntRI00\nS'AAAAAAAA'\ntb.",
        b"cnumpy.core.multiarray\nscalar\n(" + OBJECTS + b"S'AAAAAAAA'\ntR.",
        b"cnumpy.core.numeric\n_frombuffer\n(S'AAAAAAAA'\n" + OBJECTS + b"(I1\ntS'C'\ntR.",
        b"cnumpy\ndtype\n(S'f8'\nI00\nI01\ntR(I3\nS'<'\nN(S'a'\ntp0\n(dp1\nI8\nI1\nI0\ntb.",  # fields
        b"cnumpy\nndarray\n(I3\ntR.",
        b"c__builtin__\nset\n(dS'x'\nI1\nsb.",
        b"\x80\x04\x8c\x08builtins\x8c\x0dset.__class__\x93.",
        b"Pelsewhere\n.",
        b"\x82\x01.",
        b"",
        b"text",
        pickle.dumps({"a": [1.0, 2.0]})[:-5],
    ],
)  # fmt: skip
def test_what_is_made_by_hand_or_damaged_is_refused(content):
    with pytest.raises(ValueError, match=r"some\.pickle (holds|is not a pickle)"):
        read(content)


@pytest.mark.parametrize("state", [b"}X\x04\x00\x00\x00nameK\x01s", b"N}X\x05\x00\x00\x00_makeK\x01s\x86", b"K\x01"])
@pytest.mark.parametrize("admitted", _ADMITTED, ids=".".join)
def test_no_pickle_changes_what_a_name_stands_for(admitted, state):
    module, name = (part.encode() for part in admitted)
    with pytest.raises(ValueError, match=r"some\.pickle holds attributes of a function"):
        read(b"\x80\x02c" + module + b"\n" + name + b"\n" + state + b"b.")
    assert not hasattr(_ADMITTED[admitted], "__dict__")
    assert read({"x": np.arange(3)})["x"].tolist() == [0, 1, 2]


def test_how_to_open_a_file_of_joblib(tmp_path):
    joblib.dump({"TF0": np.ones(3)}, tmp_path / "a.pkl")
    with pytest.raises(ValueError, match=r"holds joblib\..*joblib\.load\(path\)"):
        read((tmp_path / "a.pkl").read_bytes())
