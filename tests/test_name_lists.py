"""Lists of genes from files of all kinds, and tables of text."""

from __future__ import annotations

import gzip
import io
import logging
import zipfile

import joblib
import numpy as np
import pandas as pd
import pytest
import torch

from infosem import pp
from infosem.files._name_lists import read_list
from infosem.files._tables import read_names

NAMES = ["TF0", "TF1", "TF2"]
LISTS = {
    "one on each line": "TF0\nTF1\nTF2\n",
    "Windows": "TF0\r\nTF1\r\nTF2\r\n",
    "old Mac": "TF0\rTF1\rTF2",
    "one line": "TF0, TF1, TF2\n",
    "one line of tabs": "TF0\tTF1\tTF2",
    "one line of blanks": "TF0 TF1 TF2",
    "one line, titled": "genes;TF0;TF1;TF2;",
    "quotes": '"TF0"\n"TF1"\n"TF2"\n',
    "other quotes": "'TF0', 'TF1', 'TF2'",
    "a title": "Gene Symbol\nTF0\nTF1\nTF2",
    "a title in quotes": '"gene_name"\n"TF0"\n"TF1"\n"TF2"\n',
    "comments and blanks": "# my list\n\nTF0  \n#x\nTF1  # a note\n \n TF2\t\n",
    "invisible": "TF0\u00a0\nTF1\u200b\nTF2",
    "end of a DOS file": "TF0\r\nTF1\r\nTF2\r\n\x1a",
    "commas at the ends": "TF0,\nTF1,\nTF2,\n",
    "commas between lines": "TF0,\nTF1,\nTF2",
    "wrapped": "TF0, TF1,\nTF2",
    "wrapped anywhere": "TF0,TF1\nTF2",
    "a table": "TF0,zinc finger\nTF1,\nTF2,bHLH, or so",
    "a table with quotes": 'TF0,"a, b"\nTF1,c\nTF2,"d, e"',
    "a table with titles": "species\tsymbol\nhs\tTF0\nhs\tTF1\nhs\tTF2",
    "a table of TFs": "TF;target\nTF0;a\nTF1;b\nTF2;b",
    "Lambert et al.": ",Ensembl ID,HGNC symbol,DBD,Is TF?\n0,ENSG1,TF0,bZIP,Yes\n1,ENSG4,TF4,,No\n"
    "2,ENSG2,TF1,,Yes\n3,ENSG3,TF2,bHLH,Yes\n",
    "a table of identifiers": "gene_id,gene_name\nENSG1,TF0\nENSG2,TF1\nENSG3,TF2\n",
    "a table of blanks": "TF0 G1 0.5\nTF1 G2 0.3\nTF2 G3 1",
    "a Series": ",0\n0,TF0\n1,TF1\n2,TF2\n",
    "write.csv of R": '"","x"\n"1","TF0"\n"2","TF1"\n"3","TF2"\n',
    "write.table of R": '"x"\n"1" "TF0"\n"2" "TF1"\n"3" "TF2"\n',
    "edges": "target\tsource\nG1\tTF0\nG1\tTF1\nG2\tTF2",
    "edges with an index": "\tsource\ttarget\n0\tTF0\ta\n1\tTF1\tb\n2\tTF2\tb",
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", LISTS)
def test_names(tmp_path, kind, encoding):
    for name, content in (("a.txt", LISTS[kind].encode(encoding)), ("a.gz", gzip.compress(LISTS[kind].encode()))):
        (tmp_path / name).write_bytes(content)
        assert read_list(tmp_path / name) == NAMES


def test_names_that_look_like_something_else(tmp_path):
    for text, names in (
        ("ADE5,7\nTF0\nDUR1,2", ["ADE5,7", "TF0", "DUR1,2"]),
        ("TF\nTP53", ["TF", "TP53"]),
        ("NA\nnan", ["NA", "nan"]),
        ("1\n2", ["1", "2"]),
        ("TNF\u03b1", ["TNF\u03b1"]),
    ):
        (tmp_path / "a.txt").write_text(text, encoding="utf-8")
        assert read_list(tmp_path / "a.txt") == names


def test_which_column_is_told(cells, tmp_path, caplog):
    (tmp_path / "a.csv").write_text("family,symbol\nx,TF1\ny,TF3\n")
    with caplog.at_level(logging.INFO, "infosem"):
        pp.regulators(cells, tmp_path / "a.csv")
    assert cells.var_names[cells.var["is_regulator"]].tolist() == ["TF1", "TF3"]
    assert "'a.csv' is read as a table, whose 'symbol' column holds the names" in caplog.text


@pytest.mark.parametrize("text", ["", "\n \n", "# TF0\n", "gene\n", "source,target\n", ",,\n"])
def test_no_name(cells, tmp_path, text):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=r"'a\.txt' holds no name"):
        pp.regulators(cells, tmp_path / "a.txt")


@pytest.mark.parametrize(
    "call",
    [
        lambda cells: pp.regulators(cells, []),
        lambda cells: pp.regulators(cells, pd.DataFrame({"source": [], "target": []})),
        lambda cells: pp.known_interactions(cells, pd.DataFrame({"source": [], "target": []})),
        lambda cells: pp.known_interactions(cells, pd.DataFrame({"source": [None], "target": [None]})),
        lambda cells: pp.add_embeddings(cells, {}),
        lambda cells: pp.add_embeddings(cells, pd.DataFrame()),
        lambda cells: pp.add_embeddings(cells, pd.DataFrame({"a": [], "b": []})),
        lambda cells: pp.add_embeddings(cells, np.empty((0, 3)), names=[]),
    ],
)
def test_nothing_is_listed(cells, call):
    with pytest.raises(ValueError, match="^The .* (hold no name|is empty)"):
        call(cells)


def test_edges_in_lines_of_an_old_mac_and_with_a_cell_of_any_length(cells, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"source,target,text\rTF0,gene1," + b"x" * 140_000 + b"\rTF1,gene2,\r")
    pp.known_interactions(cells, tmp_path / "a.csv")
    assert cells.varp["known_interactions"].nnz == 2
    pp.regulators(cells, tmp_path / "a.csv")
    assert cells.var_names[cells.var["is_regulator"]].tolist() == ["TF0", "TF1"]


def test_names_as_bytes(cells):
    names = [name.encode() for name in NAMES]
    for given in (names, np.array(names), dict.fromkeys(names, 1.5)):
        pp.regulators(cells, given)
        assert cells.var_names[cells.var["is_regulator"]].tolist() == NAMES
    pp.add_embeddings(cells, {name: [1.0, at] for at, name in enumerate(names)})
    assert cells.varm["gene_embedding"][:3].tolist() == [[1, 0], [1, 1], [1, 2]]


def archive(*members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        for member in members:
            written.writestr(member, "x")
    return file.getvalue()


def arrays(save, **options):
    file = io.BytesIO()
    save(file, **options)
    return file.getvalue()


FOREIGN = {
    "Excel workbook.*CSV UTF-8": archive("[Content_Types].xml", "xl/workbook.xml"),
    "Word document": archive("word/document.xml"),
    "OpenDocument": archive("content.xml"),
    "zip archive": archive("a.txt"),
    "zip archive, such as an Excel workbook": b"PK\x03\x04\x14\xd2\xfa",
    r"legacy .*\(\.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "a PDF": b"%PDF-1.4",
    "HDF5.*anndata": b"\x89HDF\r\n\x1a\n",
    "compressed twice": gzip.compress(gzip.compress(b"TF0")),
    "cut off or damaged": gzip.compress(b"TF0\nTF1\n" * 1000)[:40],
    "cut off": b"\x1f\x8bxxxxxxx",
    "compressed by xz": b"\xfd7zXZ\x00",
    r"web page.*Raw": b"\xef\xbb\xbf\n<!DOCTYPE html><html>",
    "git lfs pull": b"version https://git-lfs.github.com/spec/v1\noid",
    "RTF": b"{\\rtf1",
    "torch.save.*weights_only=True": arrays(lambda file: torch.save({"TF0": torch.ones(2)}, file)),
    "torch.save.*torch.load": arrays(
        lambda file: torch.save(torch.ones(2), file, _use_new_zipfile_serialization=False)
    ),
    "joblib.*joblib.load": arrays(lambda file: joblib.dump({"TF0": np.ones(99)}, file, compress=True)),
    r"\.npz": arrays(np.savez, a=np.ones(2)),
    r"\.npy": arrays(np.save, arr=np.ones(2)),
    "a pickle.*trust": b"\x80\x04K\x01.",
    "Parquet": b"PAR1xx",
    r"\.rds.*write\.csv": gzip.compress(b"X\n\x00\x00\x00\x03"),
    "not text: byte 0": bytes(range(256)),
    "not text: byte 0 is at position 3": b"TF0\0\nTF1\nTF2",
    "not complete text in UTF-16": "TF0\nTF1".encode("utf-16")[:-1],
    "list in program syntax": b"['TF0', 'TF1']",
}


@pytest.mark.parametrize("found", FOREIGN)
def test_another_kind_of_file_is_named(cells, tmp_path, found):
    (tmp_path / "a.txt").write_bytes(FOREIGN[found])
    with pytest.raises(ValueError, match=rf"'a\.txt' (is|holds).*{found}") as caught:
        pp.regulators(cells, tmp_path / "a.txt")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("found", [found for found in FOREIGN if "program" not in found])
def test_of_tables_too(cells, tmp_path, found):
    (tmp_path / "a.csv").write_bytes(FOREIGN[found])
    for call in (pp.known_interactions, pp.gene_text):
        with pytest.raises(ValueError, match=rf"'a\.csv' .*{found}"):
            call(cells, tmp_path / "a.csv")


def test_text_of_windows_is_read_with_a_warning(tmp_path, caplog):
    (tmp_path / "a.txt").write_bytes("TF0\nTNFä\n".encode("cp1252"))
    assert read_list(tmp_path / "a.txt") == ["TF0", "TNFä"]
    assert "'a.txt' is not UTF-8 text and is read as Windows-1252: line 2 is 'TNFä'" in caplog.text


def test_a_folder_and_nothing(cells, tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        pp.regulators(cells, tmp_path)
    for call in (pp.known_interactions, pp.gene_text, pp.add_embeddings):
        with pytest.raises(FileNotFoundError, match=r"no file 'other\.csv'"):
            call(cells, "other.csv")


TABLES = {
    "a.csv": "source,target\nTF0,NA\nTF1,G 2\n",
    "b.csv": "source;target\nTF0;NA\nTF1;G 2\n",
    "c.csv": "source\ttarget\r\nTF0\tNA\r\nTF1\tG 2\r\n",
    "a.tsv": "source\ttarget\nTF0\tNA\nTF1\tG 2\n",
    "b.tsv": "source,target\nTF0,NA\nTF1,G 2\n",
    "a.txt": "# from somewhere\n#\n source,target \nTF0,NA\nTF1,G 2\n",
    "b.txt": "#source\ttarget\nTF0\tNA\nTF1\tG 2\n",
    "trailing.csv": "source,target\nTF0,NA,\nTF1,G 2,\n",
    "R.tsv": '"source"\t"target"\n"1"\t"TF0"\t"NA"\n"2"\t"TF1"\t"G 2"\n',
    "titled.csv": "source,target,\nTF0,NA,\nTF1,G 2,\n",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", TABLES)
def test_tables_of_text(tmp_path, name, encoding):
    (tmp_path / name).write_bytes(TABLES[name].encode(encoding))
    table = read_names(tmp_path / name)
    assert table[["source", "target"]].to_numpy().tolist() == [["TF0", "NA"], ["TF1", "G 2"]]


def test_no_table(tmp_path):
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(ValueError, match=r"'a\.csv' is empty"):
        read_names(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("a,b\n1,2\n1,2,3,4\n")
    with pytest.raises(ValueError, match=r"'a\.csv' is not a table.*line 3"):
        read_names(tmp_path / "a.csv")
    (tmp_path / "a.dat").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"'a\.dat' ends with none of"):
        read_names(tmp_path / "a.dat")
