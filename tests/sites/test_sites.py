"""Every log in this directory is rehearsed: replayed, crashed, recovered, decided again."""

from pathlib import Path

import pytest

from daemon.rehearsal import rehearse

HERE = Path(__file__).parent
SITES = sorted([*(path.parent for path in HERE.glob("*/log.db")), *HERE.glob("*.db")])
SMALL_BYTES = 400_000


def contents(site: Path) -> dict[str, bytes]:
    """Every file of a site, by name."""
    files = site.rglob("*") if site.is_dir() else HERE.glob(f"{site.name}*")
    return {str(path): path.read_bytes() for path in files if path.is_file()}


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_a_log_from_a_site_rehearses_to_what_was_recorded_and_is_left_alone(site: Path) -> None:
    before = contents(site)
    found = rehearse(site, None)
    assert found.first_difference is None
    outcomes = {part.part: part.outcome for part in found.parts}
    assert outcomes.pop("recording") == ("same" if (site / "recording").is_dir() else "skipped")
    assert outcomes == dict.fromkeys(("open", "replay", "crashes", "start"), "same")
    assert contents(site) == before


def test_every_site_has_its_line_and_is_small() -> None:
    lines = (HERE / "README.md").read_text()
    assert [site.name for site in SITES if f"- `{site.name}`: " not in lines] == []
    sizes = {site.name: sum(map(len, contents(site).values())) for site in SITES}
    assert {name: size for name, size in sizes.items() if size > SMALL_BYTES} == {}
