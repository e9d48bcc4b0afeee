"""Addresses of peers."""

import pytest

from daemon.shell.dialing import split


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:7000", ("::1", 7000)),
        ("node1.lab:65535", ("node1.lab", 65535)),
    ],
)
def test_an_address_has_host_and_port(address: str, found: tuple[str, int]) -> None:
    assert split(address) == found


@pytest.mark.parametrize("address", ["", "host", ":1", "host:", "host:x", "host:65536", "h:-1"])
def test_what_has_not_both_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        split(address)
