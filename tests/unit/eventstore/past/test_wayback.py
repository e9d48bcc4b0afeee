"""What leads back, worked out from a stored log, and taken by the core that wrote it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.core.ready import Ready
from eventstore.errors import NotFound, Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.wayback import BYTES_MAX
from eventstore.model.objects import Foreign
from eventstore.past.wayback import Way
from tests.support.core import Core, a_core, the_answer
from tests.support.model import appears, goes, grow, make, make_group, remove, size_for
from tests.support.past import When, at, past_of, tx


class Story:
    """A core, and the way back from its log as it is stored."""

    def __init__(self, path: Path) -> None:
        self.core = a_core(400, 400)
        self._path = path
        self._stored = 0

    def does(self, *commands: cmd.AnyCommand) -> int:
        for command in commands:
            answer = the_answer(self.core.asks(command))
            assert answer["ok"], answer
        return self.core.position

    def way(self, how: str, when: When | None = None, **args: object) -> Way:
        self._stored += 1
        path = self._path / str(self._stored)
        path.mkdir()
        with past_of(self.core, path) as past:
            data = past.data("way-back", when, how=how, **args)
        assert data.pop("log") == "node"
        return msgspec.convert(data, Way)

    def goes_back(self, how: str, when: When | None = None, **args: object) -> tuple[str, ...]:
        way = self.way(how, when, **args)
        self.does(cmd.RestoreRecords("node", how, way.undoes, way.steps))  # type: ignore[arg-type]
        return way.undoes

    def takes(self, way: Way) -> Ready:
        return self.core.asks(cmd.RestoreRecords("node", "restore", way.undoes, way.steps))

    def volumes(self) -> dict[str, int]:
        group = self.core.state.group("dg")
        assert group is not None
        return {volume.name: volume.length for volume in self.core.state.volumes(group)}


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def test_undo_takes_back_one_change_after_the_other_and_redo_does_them_again(story: Story) -> None:
    story.does(make("u", 10), make("v", 20), grow("u", 5))
    for left in ({"u": 10, "v": 20}, {"u": 10}, {}):
        story.goes_back("undo")
        assert story.volumes() == left
    for left in ({"u": 10}, {"u": 10, "v": 20}, {"u": 15, "v": 20}):
        story.goes_back("redo")
        assert story.volumes() == left


def test_the_last_n_changes_are_taken_back_by_one_commit(story: Story) -> None:
    first = story.does(make("u", 10))
    story.does(grow("u", 5), make("v", 20))
    assert story.goes_back("undo", n=2) == (f"@{first + 2}", f"@{first + 1}")
    assert story.volumes() == {"u": 10}


def test_what_the_kernel_said_and_what_was_refused_does_not_count_as_a_change(
    story: Story,
) -> None:
    made = story.does(make("u", 10))
    story.core.asks(make("u", 10))
    story.core.sees(appears("sd7"))
    assert story.goes_back("undo") == (f"@{made}",)


def test_a_redo_is_refused_once_something_was_changed(story: Story) -> None:
    story.does(make("u", 10))
    story.goes_back("undo")
    story.does(make("w", 10))
    with pytest.raises(Rejected) as caught:
        story.way("redo")
    assert caught.value.id == "V-5-1-9243"


def test_a_revert_takes_back_one_commit_and_leaves_the_later_ones(story: Story) -> None:
    position = story.does(make("u", 10))
    story.does(make("v", 20))
    story.goes_back("revert", at(position))
    assert story.volumes() == {"v": 20}


def test_a_revert_names_what_later_commits_changed_again(story: Story) -> None:
    position = story.does(make("u", 10))
    later = story.does(grow("u", 5))
    with pytest.raises(Rejected) as caught:
        story.way("revert", at(position))
    assert caught.value.id == "V-5-1-9242"
    assert f"dg/u: it was changed since (last @{later})" in (caught.value.cause or "")


def test_a_revert_changes_back_only_the_fields_that_the_commit_changed(story: Story) -> None:
    story.does(make("u", 10))
    position = story.does(cmd.EditRecords("dg", ("u",), {"comment": "a"}))
    story.does(grow("u", 5), cmd.RenameRecord("dg", "u", "x"))
    story.goes_back("revert", at(position))
    record = story.core.volume("x")
    assert (record.length, record.labels) == (15, None)


def test_a_restore_makes_everything_what_it_was(story: Story) -> None:
    position = story.does(make("u", 10), make("v", 20))
    story.does(remove("u"), grow("v", 5), make("w", 8))
    story.goes_back("restore", at(position))
    assert story.volumes() == {"u": 10, "v": 20}


def test_a_restore_of_one_object_leaves_the_others(story: Story) -> None:
    position = story.does(make("u", 10), make("v", 20))
    story.does(remove("u"), grow("v", 5))
    story.goes_back("restore", at(position), object="dg/u")
    assert story.volumes() == {"u": 10, "v": 25}


def test_a_disk_group_that_was_destroyed_comes_back_with_all_in_it(story: Story) -> None:
    story.core.sees(appears("sd9", size=size_for(160)))
    story.does(cmd.InitDisk("sd9", 1024), make_group("two", "e=sd9"))
    position = story.does(make("brief", 8, group="two"))
    story.does(cmd.DestroyDiskGroup("two"))
    story.goes_back("restore", at(position), object="two")
    group = story.core.state.group("two")
    assert group is not None
    assert [volume.name for volume in story.core.state.volumes(group)] == ["brief"]


def test_what_is_on_a_disk_that_has_gone_is_named(story: Story) -> None:
    position = story.does(make("u", 10))
    story.does(remove("u"), cmd.RemoveDisks("dg", ("d1",)))
    story.core.sees(goes("sd1"))
    answer = the_answer(story.takes(story.way("restore", at(position))))
    assert answer["error"]["id"] == "V-5-1-9240"
    assert "dg/d1: its device sd1 has gone" in answer["error"]["cause"]


def test_a_record_that_was_changed_meanwhile_is_named(story: Story) -> None:
    position = story.does(make("u", 10))
    story.does(grow("u", 5))
    way = story.way("restore", at(position))
    story.does(grow("u", 5))
    answer = the_answer(story.takes(way))
    assert "dg/u: it was changed since" in answer["error"]["cause"]
    assert story.volumes() == {"u": 20}


def test_a_disk_group_that_is_put_away_is_named(story: Story) -> None:
    position = story.does(make("u", 10))
    story.does(grow("u", 5))
    way = story.way("restore", at(position))
    story.does(cmd.DeportDiskGroup("dg"))
    answer = the_answer(story.takes(way))
    assert "it was changed since" in answer["error"]["cause"]


def test_a_plex_whose_volume_has_no_other_copy_of_what_was_written_is_named(story: Story) -> None:
    story.does(cmd.MakeVolume("dg", "u", 10, ("d1",)))
    position = story.core.position
    story.does(cmd.MirrorVolume("dg", "u", ("d2",)))
    story.does(cmd.DissociatePlex("dg", "u-01", remove=True))
    answer = the_answer(story.takes(story.way("restore", at(position))))
    assert "only on plexes that would go" in answer["error"]["cause"]


def test_a_plex_that_missed_what_was_written_does_not_become_good_by_a_restore(
    story: Story,
) -> None:
    position = story.does(cmd.MakeVolume("dg", "u", 10, (), "mirror"))
    story.core.sees(goes("sd1"), appears("sd1", size=size_for(400)))
    answer = the_answer(story.takes(story.way("restore", at(position))))
    assert "missed what was written" in answer["error"]["cause"]


def test_a_restore_that_would_change_nothing_is_refused(story: Story) -> None:
    position = story.does(make("u", 10))
    with pytest.raises(Rejected) as caught:
        story.way("restore", at(position))
    assert caught.value.id == "V-5-1-9241"


def test_what_fits_into_no_proposal_is_refused(story: Story) -> None:
    long = "x" * 1000
    rows = [Foreign(story.core.dgid(), 900 + n, "rg", f"f{n}", 0, (long,)) for n in range(300)]
    steps = tuple(cmd.Step(None, row) for row in rows)
    answer = the_answer(story.takes(Way("restore", (), steps, 1)))
    assert "do it in parts" in answer["error"]["cause"]
    assert len(rows) * len(long) > BYTES_MAX


def test_blame_tells_the_commit_that_brought_a_record_back(story: Story, tmp_path: Path) -> None:
    story.does(make("u", 10), make("v", 10), grow("u", 5), grow("v", 5))
    story.goes_back("undo", n=2)
    back = story.core.position
    (tmp_path / "blamed").mkdir()
    with past_of(story.core, tmp_path / "blamed") as past:
        rows = {row["field"]: row["position"] for row in past.data("blame", object="dg/u")}
    assert rows["length_sectors"] == back
    assert rows["name"] < back


def test_a_transaction_is_all_or_nothing_and_names_the_line(story: Story) -> None:
    both = cmd.Transaction((make("u", 10), make("u", 10)), lines=(2, 5))
    answer = the_answer(story.core.asks(both))
    assert answer["error"]["message"].startswith("line 5: Volume u: name is already used")
    assert story.volumes() == {}


def test_a_transaction_decides_each_command_on_what_those_before_it_left(story: Story) -> None:
    before = story.core.position
    story.does(cmd.Transaction((make("u", 10), grow("u", 5), cmd.RenameRecord("dg", "u", "x"))))
    assert (story.volumes(), story.core.position) == ({"x": 15}, before + 1)


@pytest.mark.parametrize("command", [cmd.AddNode("node9"), cmd.Transaction((cmd.EnableDaemon(),))])
def test_what_goes_alone_is_refused_in_a_transaction(
    story: Story, command: cmd.AnyCommand
) -> None:
    answer = the_answer(story.core.asks(cmd.Transaction((make("u", 10), command))))
    assert answer["error"]["id"] == "V-5-1-9245"


def what_if(core: Core, path: Path, when: When | None, *commands: dict[str, Any]) -> Any:
    with past_of(core, path) as past:
        return past.data("what-if", when, commands=list(commands))


def test_what_would_have_happened_is_told_of_any_moment(story: Story, tmp_path: Path) -> None:
    story.does(make("u", 10))
    then = story.core.position
    story.does(remove("u"))
    asked = {"verb": "volume.growby", "group": "dg", "name": "u", "by_sectors": 5}
    asked = {**_plain(grow("u", 5))}
    told = what_if(story.core, tmp_path, at(then), asked)
    assert [row["object"] for row in told["diff"]] == ["dg/d1-01", "dg/u", "dg/u-01"]
    assert (told["position"], told["outcome"]) == (then, "dry-run")


def test_what_would_be_refused_is_refused(story: Story, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        what_if(story.core, tmp_path, None, _plain(grow("u", 5)))


def test_a_commit_is_found_by_its_request(story: Story) -> None:
    the_answer(story.core.asks(make("u", 10), "mine"))
    story.does(make("v", 10))
    story.goes_back("revert", tx("mine"))
    assert story.volumes() == {"v": 10}


def test_one_event_says_what_became_of_each_record(story: Story) -> None:
    story.does(make("u", 10))
    story.goes_back("undo")
    (event,) = story.core.events()
    assert isinstance(event, ev.RecordsRestored)
    assert (event.how, len(event.gone), event.back) == ("undo", 3, ())


def _plain(command: cmd.AnyCommand) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(command)
    return plain
