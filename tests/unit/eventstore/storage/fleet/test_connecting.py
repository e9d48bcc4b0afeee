"""Which URLs of an archive are tried at all."""

from __future__ import annotations

import pytest

from eventstore.errors import Rejected
from eventstore.storage.fleet.connecting import connect


@pytest.mark.parametrize("password", ["sec/ret", "sec@ret", "sec?ret", "sec%zzret", "sec%ret"])
def test_a_password_that_is_not_written_as_a_url_wants_it_is_refused_and_not_shown(
    password: str,
) -> None:
    with pytest.raises(Rejected) as refused:
        connect(f"postgresql://u:{password}@db1:5432/fleet?connect_timeout=1")
    assert "sec" not in f"{refused.value.message} {refused.value.cause} {refused.value.fix}"
    assert "db1:5432/fleet" in refused.value.message
