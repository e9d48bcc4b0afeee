"""What all commands share: the shape of their arguments, and bounds that keep nonsense out."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Text = Annotated[str, Meta(max_length=1024)]
Sectors = Annotated[int, Meta(ge=-(2**53), le=2**53)]
MAX_LIST = 4096


class Command(Struct, frozen=True, tag_field="verb"):
    """What all commands share: nothing but being one."""
