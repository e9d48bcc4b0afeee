from hypothesis import given, strategies as st

from cli.render.columns import table

rows = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.text("abc-", min_size=1, max_size=12), min_size=width, max_size=width),
        min_size=1,
    )
)


def test_columns_are_as_wide_as_what_stands_in_them() -> None:
    assert table([["A", "B"], ["long", "x"], ["y", "z"]], header=True) == (
        "A     B\nlong  x\ny     z\n"
    )


def test_without_heading_its_width_does_not_count() -> None:
    assert table([["HEADING", "B"], ["y", "z"]], header=False) == "y  z\n"


def test_a_table_of_nothing_without_heading_is_empty() -> None:
    assert table([["A"]], header=False) == ""


@given(rows)
def test_nothing_is_cut(data: list[list[str]]) -> None:
    assert [line.split() for line in table(data, header=True).splitlines()] == data
