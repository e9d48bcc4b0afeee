import pytest

from cli.app import in_order


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-g dg adddisk a=b", "adddisk a=b -g dg"),
        ("-gdg -ojson adddisk a=b", "adddisk a=b -gdg -ojson"),
        ("--home /h --json dg list", "dg list --home /h --json"),
        ("--home=/h dg list", "dg list --home=/h"),
        ("-g dg make v -- -x", "make v -g dg -- -x"),
        ("-h", "-h"),
        ("adddisk -g dg a=b", "adddisk -g dg a=b"),
        ("-g", "-g"),
    ],
)
def test_options_before_the_verb_go_behind_it(line: str, expected: str) -> None:
    assert in_order(line.split()) == expected.split()
