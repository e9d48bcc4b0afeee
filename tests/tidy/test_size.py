"""What a function and a module may measure. The lists of exceptions may only shrink."""

from tests.tidy import rules

# "path:function" or "path", and why it may be longer. daemon/core/node.py can never be one.
LONG_FUNCTIONS: dict[str, str] = {}
LONG_MODULES: dict[str, str] = {}


def _long_functions() -> set[str]:
    return {
        f"{path.relative_to(rules.ROOT)}:{function.name}"
        for path in rules.python_files(*rules.LIBRARY, "tests")
        for function in rules.long_functions(path.read_text())
    }


def _long_modules() -> set[str]:
    return {
        str(path.relative_to(rules.ROOT))
        for path in rules.python_files(*rules.LIBRARY, "tests")
        if rules.is_long_module(path.read_text())
    }


def test_functions_fit_on_a_screen_and_no_exception_is_left_over() -> None:
    assert _long_functions() == set(LONG_FUNCTIONS)


def test_modules_are_short_and_no_exception_is_left_over() -> None:
    assert _long_modules() == set(LONG_MODULES)


def test_the_node_is_never_an_exception() -> None:
    assert not any(name.startswith("daemon/core/node.py") for name in LONG_MODULES)


def test_nearly_all_functions_of_the_library_are_short() -> None:
    lengths = [
        function.lines
        for path in rules.python_files(*rules.LIBRARY)
        for function in rules.functions(path.read_text())
    ]
    assert rules.p95(lengths) < rules.FUNCTION_LINES_P95_MAX


def _function_of(lines: int) -> str:
    return "def planted() -> None:\n" + "    pass\n" * (lines - 1)


def test_a_planted_long_function_is_found_also_inside_a_class() -> None:
    too_long = rules.FUNCTION_LINES_MAX + 1
    nested = "class Planted:\n" + "".join(
        f"    {line}\n" for line in _function_of(too_long).splitlines()
    )
    assert rules.long_functions(_function_of(rules.FUNCTION_LINES_MAX)) == []
    assert rules.long_functions(_function_of(too_long)) == [("planted", 1, too_long)]
    assert rules.long_functions(nested) == [("planted", 2, too_long)]


def test_a_planted_long_module_is_found() -> None:
    assert not rules.is_long_module("pass\n" * rules.MODULE_LINES_MAX)
    assert rules.is_long_module("pass\n" * (rules.MODULE_LINES_MAX + 1))


def test_six_long_functions_in_a_hundred_are_too_many() -> None:
    assert rules.p95([5] * 95 + [45] * 5) < rules.FUNCTION_LINES_P95_MAX
    assert rules.p95([5] * 94 + [45] * 6) >= rules.FUNCTION_LINES_P95_MAX
