"""Lines and tables as people have them, in and out."""

import csv
import io

import pytest

from webapp.analyze import tables


def test_each_line_is_a_row_and_blank_ones_are_none() -> None:
    found = tables.lines("Good\n\n  Bad \n")
    assert (found.rows, found.columns, found.column) == ([["Good"], ["Bad"]], [], 0)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_table_is_cut_at_whatever_separates_its_columns(separator: str) -> None:
    lines = [["id", "review"], ["1", f'A fine{separator} "quoted" day, indeed'], ["2", "So so, and rather long"]]
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(lines)
    found = tables.table(out.getvalue())
    assert found.columns == ["id", "review"]
    assert found.rows == lines[1:]
    assert found.column is None
    assert tables.likeliest(found.rows) == 1


def test_a_first_line_that_is_no_names_is_a_row() -> None:
    found = tables.table("I love this one,5\nThat is bad,1\n")
    assert found.columns == ["Column 1", "Column 2"]
    assert len(found.rows) == 2


def test_a_table_with_one_column_needs_no_choosing() -> None:
    assert tables.table("review\nA long review of this thing\nAnother one of it\n").column == 0


def test_a_row_that_is_too_short_is_filled_up() -> None:
    assert tables.table("id,review\n1,Long enough to be a review\n2\n").rows[1] == ["2", ""]


def test_too_many_lines_are_refused_with_a_sentence() -> None:
    with pytest.raises(tables.TooMany, match="There are 5001 lines; at most 5000"):
        tables.lines("x\n" * 5001)


def test_what_goes_out_opens_in_a_spreadsheet_and_runs_nothing_there() -> None:
    data = tables.write([["好", "=1+1", "@SUM(A1)", "-5", "+3.5", "-cmd|' /C calc'!A0", "plain"]])
    assert data.startswith(b"\xef\xbb\xbf")
    (row,) = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert row == ["好", "'=1+1", "'@SUM(A1)", "-5", "+3.5", "'-cmd|' /C calc'!A0", "plain"]
