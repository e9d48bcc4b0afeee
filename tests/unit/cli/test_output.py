import json

import pytest

from cli import output
from cli.output import View, cell
from cli.source import Source
from tests.support.fake_daemon import TIME, answer

VIEW = View(lambda data, header: f"{header}: {data}\n", lambda _: [["A", "B"], ["1", "x\ty\nz"]])


def printed(form: str, data: object, capsys: pytest.CaptureFixture[str], view: View = VIEW) -> str:
    output.emit(Source("vx", output=form), "dg.list", answer(data), view)
    return capsys.readouterr().out


def test_the_envelope_says_what_it_is_and_to_which_moment_it_belongs() -> None:
    assert output.envelope("dg.list", answer([1])) == {
        "schema": "vx.dg.list/v1",
        "cluster": "test",
        "log": "node/node1",
        "position": 1204,
        "at": TIME,
        "data": [1],
    }


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(printed("json", [{"n": 1, "x": None}], capsys))
    assert document["data"] == [{"n": 1, "x": None}]


def test_ndjson_is_one_thing_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed("ndjson", [{"n": 1}, {"n": 2}], capsys).splitlines()
    assert [json.loads(line)["n"] for line in lines] == [1, 2]


def test_tsv_has_one_row_a_line_whatever_stands_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed("tsv", None, capsys) == "A\tB\n1\tx y z\n"


def test_plain_is_the_table_without_heading(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed("table", 7, capsys) == "True: 7\n"
    assert printed("plain", 7, capsys) == "False: 7\n"


def test_without_rows_of_its_own_data_becomes_one_row_a_field(
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = {"a": 1, "b": {"c": [True, None]}}
    assert printed("tsv", data, capsys, View(str)) == (
        "FIELD\tVALUE\na\t1\nb.c.0\tyes\nb.c.1\t-\n"
    )


@pytest.mark.parametrize(
    ("value", "word"), [(None, "-"), ("", "-"), (0, "0"), (True, "yes"), (False, "no")]
)
def test_what_is_absent_is_a_dash(value: object, word: str) -> None:
    assert cell(value) == word


def test_nothing_that_is_printed_steers_a_terminal() -> None:
    assert cell("a\x1b[31m\nb") == "a\\x1b[31m\\nb"
