"""Faults of rows: the first is refused with its place, or all are counted."""

import pytest

from rerec.errors import DataError
from rerec.sources.landing import Columns, land, source_of
from rerec.sources.workbench import MOST_BYTES, Check, Workbench, blank, too_long

CHECKS = (
    blank("item_id"),
    Check("title = 'bad'", "the title is '{}'", "title"),
    *too_long(("title",)),
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("item_id,title\n1,good\n2,bad\n,bad\n4,bad\n")
    return path


def landed_on(tmp_path, path, *, skip_bad_rows=False):
    (tmp_path / "bench").mkdir()
    bench = Workbench(tmp_path / "bench", skip_bad_rows=skip_bad_rows)
    return bench, land(bench, "items", source_of(path), Columns(("item_id", "title")))


def test_the_first_bad_row_is_told_with_the_number_of_its_like(tmp_path, path):
    bench, landed = landed_on(tmp_path, path)
    with pytest.raises(DataError, match=r"line 3: the title is 'bad' \(one of 2 such rows\); mend"):
        bench.drop_bad(landed, CHECKS)


def test_a_row_counts_for_the_first_check_that_finds_it(tmp_path, path):
    bench, landed = landed_on(tmp_path, path, skip_bad_rows=True)
    bench.drop_bad(landed, CHECKS)
    bench.drop_bad(landed, CHECKS)  # nothing is left to find
    assert bench.files[str(path)]["faults"] == [
        {"first": "line 3: the title is 'bad'", "rows": 2},
        {"first": "line 4: the item_id is empty", "rows": 1},
    ]
    assert bench.files[str(path)]["skipped"] == 3
    assert bench.run("SELECT item_id FROM items") == [("1",)]


@pytest.mark.parametrize(("n", "is_bad"), [(MOST_BYTES // 2, False), (MOST_BYTES // 2 + 1, True)])
def test_a_value_is_measured_in_bytes(n, is_bad, tmp_path, path):
    path.write_text(f"item_id,title\n1,{'é' * n}\n", encoding="utf-8")
    bench, landed = landed_on(tmp_path, path, skip_bad_rows=True)
    bench.drop_bad(landed, CHECKS)
    assert bool(bench.files[str(path)].get("skipped")) == is_bad


def test_a_long_value_is_not_told_whole(tmp_path, path):
    path.write_text(f"item_id,title\n1,{'x' * 999}\n")
    bench, landed = landed_on(tmp_path, path)
    with pytest.raises(DataError) as refused:
        bench.drop_bad(landed, [Check("true", "'{}' is bad", "title")])
    assert "'" + "x" * 60 + "' is bad" in str(refused.value)


def test_names_are_replaced_and_a_name_that_is_nowhere_is_refused(tmp_path):
    bench = Workbench(tmp_path, renames={"movieId": "item_id", "gone": "x"})
    assert bench.meant(["movieId", "title"]) == ["item_id", "title"]
    with pytest.raises(DataError, match="no file has the column 'gone'"):
        bench.refuse_unused_renames()


def test_a_full_disk_is_told_in_one_sentence(tmp_path):
    bench = Workbench(tmp_path)
    bench.database.execute("SET memory_limit='10MB'")
    bench.database.execute("SET max_temp_directory_size='0KB'")
    with pytest.raises(DataError, match=r"does not fit there .* free some space"):
        bench.run("SELECT * FROM range(9000000) t(i) ORDER BY hash(i) LIMIT 5000000")
