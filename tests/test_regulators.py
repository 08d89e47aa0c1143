"""Regulators from names, files, tables and masks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from infosem import InfoSEM, pp


class TestRegulators:
    def test_names_from_everywhere(self, cells, tmp_path):
        expected = cells.var_names[:4]
        (tmp_path / "names.txt").write_text("\n".join([*expected, "absent", ""]))
        (tmp_path / "names.csv").write_text("\n".join(f"{name},zinc finger" for name in expected))
        cells.var["is_tf"] = cells.var_names.isin(expected)
        edges = pd.DataFrame({"source": [*expected, expected[0]], "target": cells.var_names[5]})
        reversed_columns = edges.assign(weight=1.0)[["target", "weight", "source"]]
        reversed_columns.to_csv(tmp_path / "edges.csv.gz")
        (tmp_path / "excel.txt").write_text("\n".join(expected), encoding="utf-8-sig")
        files = [tmp_path / name for name in ("names.txt", "edges.csv.gz", "excel.txt")]
        mask = cells.var["is_tf"]
        for source in (list(expected), *files, str(tmp_path / "names.csv"), edges, "is_tf", mask, mask.to_numpy()):
            pp.regulators(cells, source)
            assert cells.var_names[cells.var["is_regulator"]].tolist() == list(expected)
        InfoSEM.setup_anndata(cells)
        assert InfoSEM(cells).regulator_names == list(expected)

    def test_other_identifiers_and_case(self, cells):
        cells.var["ensembl"] = [f"ENSG{i}" for i in range(24)]
        pp.regulators(cells, ["ENSG3", "ENSG9"], gene_key="ensembl", key_added="one")
        assert np.flatnonzero(cells.var["one"]).tolist() == [3, 9]
        pp.regulators(cells, [name.lower() for name in cells.var_names[:3]], ignore_case=True, key_added="two")
        assert np.flatnonzero(cells.var["two"]).tolist() == [0, 1, 2]

    def test_bad_input(self, cells):
        with pytest.raises(ValueError, match=r"absent.*TF0.*ignore_case"):
            pp.regulators(cells, ["absent"], key_added="new")
        assert "new" not in cells.var
        with pytest.raises(ValueError, match="The regulators hold no name"):
            pp.regulators(cells, [])
        with pytest.raises(FileNotFoundError, match="neither a column"):
            pp.regulators(cells, "TF0")
        cells.var["score"] = 0.3
        with pytest.raises(ValueError, match=r"score.*0\.3"):
            pp.regulators(cells, "score")
        cells.var["none"] = False
        with pytest.raises(ValueError, match="false for every gene"):
            pp.regulators(cells, "none")
        with pytest.raises(ValueError, match="'source'"):
            pp.regulators(cells, pd.DataFrame({"TF": ["TF0"], "family": ["zinc finger"]}))
        pp.regulators(cells, pd.DataFrame({"TF": ["TF0", "TF1"]}))
        assert cells.var["is_regulator"].sum() == 2
