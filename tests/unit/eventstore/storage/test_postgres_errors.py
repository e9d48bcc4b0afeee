"""What is said of a PostgreSQL server that does not do what it should."""

from __future__ import annotations

import pytest

from eventstore.errors import Unavailable
from eventstore.storage import postgres_errors


def test_without_the_driver_the_extra_that_brings_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    postgres_errors.require_driver()
    monkeypatch.setattr(postgres_errors, "find_spec", lambda _: None)
    with pytest.raises(Unavailable) as refused:
        postgres_errors.require_driver()
    assert refused.value.fix == "pip install 'vxconfigd[postgres]'"
