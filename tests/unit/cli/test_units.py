import pytest
from hypothesis import given, strategies as st

from cli import units
from cli.failure import UsageError


@pytest.mark.parametrize(
    ("text", "sectors"),
    [
        ("2048", 2048),
        ("2048s", 2048),
        ("1k", 2),
        ("5K", 10),
        ("512m", 1_048_576),
        ("10g", 20_971_520),
        ("10G", 20_971_520),
        ("1t", 2_147_483_648),
        ("0", 0),
        ("0g", 0),
        ("007", 7),
    ],
)
def test_sizes(text: str, sectors: int) -> None:
    assert units.sectors(text) == sectors


@pytest.mark.parametrize(
    "text",
    [
        "",
        "g",
        "-1",
        "-1g",
        "+1",
        "1.5g",
        "1gb",
        "10q",
        "1 g",
        "ten",
        "1_000",
        "\uff11",
        "9" * 40,
        "9t" * 2,
    ],
)
def test_anything_else_is_a_usage_error_that_shows_the_form(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        units.sectors(text)
    assert "10g" in str(caught.value.fix)


def test_a_size_beyond_any_device_is_refused() -> None:
    assert units.sectors(str(units.MAX_SECTORS)) == units.MAX_SECTORS
    with pytest.raises(UsageError):
        units.sectors(str(units.MAX_SECTORS + 1))


@given(st.text(max_size=12))
def test_any_text_is_a_size_or_a_usage_error(text: str) -> None:
    try:
        assert 0 <= units.sectors(text) <= units.MAX_SECTORS
    except UsageError:
        return
