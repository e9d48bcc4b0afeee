import pytest

from cli.failure import UsageError
from cli.source import Source


def test_the_socket_is_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VX_HOME", "/env")
    assert Source("vx", home="/h", socket="/s").socket_path == "/s"
    assert Source("vx", home="/h").socket_path == "/h/vxconfigd.sock"
    assert Source("vx").socket_path == "/env/vxconfigd.sock"
    monkeypatch.delenv("VX_HOME")
    assert Source("vx").socket_path == "/var/lib/vxconfigd/vxconfigd.sock"


@pytest.mark.parametrize("output", ["xml", ""])
def test_a_form_of_output_that_is_not_there_is_a_usage_error(output: str) -> None:
    with pytest.raises(UsageError) as caught:
        Source("vx", output=output)
    assert "ndjson" in str(caught.value.fix)


@pytest.mark.parametrize("timeout_s", [0.0, -1.0, 1e9, float("nan"), float("inf")])
def test_a_time_that_nobody_can_wait_is_a_usage_error(timeout_s: float) -> None:
    with pytest.raises(UsageError):
        Source("vx", timeout_s=timeout_s)
