"""What no file may say, and what some must."""

import pytest

from tests.tidy import rules


def test_no_file_holds_a_leftover_or_an_address_of_one_place() -> None:
    found = {}
    for path in rules.tracked_files():
        words = rules.banned_words(path.read_bytes().decode(errors="replace"))
        if words:
            found[str(path.relative_to(rules.ROOT))] = words
    assert found == {}


@pytest.mark.parametrize("word", rules.BANNED_WORDS)
def test_a_planted_word_is_found(word: str) -> None:
    assert rules.banned_words(f"# see {word}x") == [word]


def test_the_readme_speaks_of_every_target_of_the_makefile() -> None:
    makefile = (rules.ROOT / "Makefile").read_text()
    assert rules.make_targets(makefile)
    assert rules.unmentioned_targets(makefile, (rules.ROOT / "README.md").read_text()) == []


def test_a_target_is_not_mentioned_by_a_longer_name() -> None:
    assert rules.unmentioned_targets("check: test ## all\n", "`make check-long`") == ["check"]


def test_a_package_says_what_it_is_for_and_nothing_else() -> None:
    packages = [p for p in rules.python_files(*rules.LIBRARY) if p.name == "__init__.py"]
    assert packages
    assert [p for p in packages if not rules.is_docstring_only(p.read_text())] == []


@pytest.mark.parametrize("source", ["", "import os\n", '"""Text."""\nimport os\n'])
def test_a_package_that_does_more_is_found(source: str) -> None:
    assert not rules.is_docstring_only(source)
