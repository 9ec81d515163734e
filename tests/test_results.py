"""What an eval keeps: a part of it never takes the place of the day's whole record."""

import json

from tests.evals.results import write_results


def test_a_part_is_kept_beside_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.evals.results.FOLDER", tmp_path / "a" / "b" / "c")
    folder = tmp_path / "results"
    monkeypatch.setattr("tests.evals.results.FOLDER", folder)
    whole = write_results("claims", {"kinds": 60, "wice": 349}, folder)
    part = write_results("claims", {"kinds": 5}, folder, is_whole=False)
    again = write_results("claims", {"wice": 3}, folder, is_whole=False)
    assert json.loads(whole.read_text())["kinds"] == 60
    assert part == again != whole
    assert (json.loads(part.read_text())["kinds"], json.loads(part.read_text())["wice"]) == (5, 3)
