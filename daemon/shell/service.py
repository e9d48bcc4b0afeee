"""The daemon's life: recover, listen to the kernel, serve; after a failed flush, again.

`Service` owns what outlives one incarnation of the core: the home, the socket, the reader of the
past. An incarnation begins with a replay of the logs and ends with a stop, or with the first
error of the disk.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from daemon.config import Settings
from daemon.core.node import Node
from daemon.core.ready import Begin, Stop, Submit
from daemon.shell import clock, seen
from daemon.shell.archiving import Archivist
from daemon.shell.background import Background
from daemon.shell.driver import Driver, Reply, Unsettled
from daemon.shell.following import Followers
from daemon.shell.heads import QUESTIONS as ABOUT_HEADS, Heads
from daemon.shell.inquiries import Answer, Question
from daemon.shell.logs import Logger
from daemon.shell.notify import notify
from daemon.shell.outside import INQUIRY_S, Surroundings
from daemon.shell.past import PastReader
from daemon.shell.recorder import Recorder, began_with
from daemon.shell.recovery import recover
from daemon.shell.settle import settle
from daemon.shell.shipping import Shipments
from daemon.version import PROTOCOL_MAX, VERSION
from eventstore.asking.questions import STATE_QUESTIONS
from eventstore.errors import AppendFailed, Damaged, NotFound, StoreError, Unavailable
from eventstore.model.commands import EnableDaemon, ScanDevices
from eventstore.model.decide.daemon import mode as daemon_mode
from eventstore.model.notifications import DevicesScanned
from eventstore.model.objects import ENABLED
from eventstore.past import weaving
from eventstore.source import DATABASE
from eventstore.storage.location import located
from eventstore.storage.sqlite import VERSION as SQLITE_VERSION
from eventstore.storage.store import Store

RETRY_FIRST_S = 0.1
RETRY_MAX_S = 5.0
LOOKING = (EnableDaemon, ScanDevices)
"""Commands for which the kernel is asked what it shows."""
PRESENT_IDLE_S = 60.0
"""How long a second state is held in memory, for large questions about the present."""


FOR_PEERS = weaving.FOR_PEERS | STATE_QUESTIONS.keys() | {"diff", "hashes", "outcome", "tags"}
"""Questions that another daemon may ask, on behalf of its utilities."""


class Service:
    """One daemon on one home."""

    def __init__(
        self, home: Path, settings: Settings, logger: Logger, mode: str = ENABLED
    ) -> None:
        self.home = home
        self.settings = settings
        self.started_us = clock.wall_us()
        held = self._write_held
        self.past = PastReader(home, before=held)
        self.present = PastReader(home, "about the whole state", PRESENT_IDLE_S, held)
        self.followers = Followers(PastReader(home, "of followers", before=held))
        self.archivist = Archivist(
            home, settings.node.name, settings.archive, self._to_be_trusted, self.note
        )
        url = settings.archive.url
        self.shipments = Shipments(home, url, self.note) if url else None
        self.problem: StoreError | None = None
        self.damage: dict[str, Damaged] = {}
        """Log -> what the survey found in it, for as long as this process lives."""
        self.background: Background | None = None
        self.heads: Heads | None = None
        self._log = logger
        self._driver: Driver | None = None
        self.surroundings: Surroundings | None = None
        """The kernel and the peers of the present incarnation."""
        self._ended = asyncio.Event()
        self._unsettled: list[Unsettled] = []
        self._refused: Unavailable | None = None
        self._stopping: str | None = None
        self._mode: str | None = mode
        """In which the first incarnation begins; later ones are as the last was."""

    @property
    def serving(self) -> bool:
        """Whether the logs are replayed, the kernel is heard, and the disk takes what we write."""
        return self._driver is not None and self.problem is None

    def driver(self) -> Driver:
        """Return the present incarnation.

        Raises:
            Unavailable: there is none: the daemon starts, stops, or recovers.
        """
        if self._driver is None or self.problem is not None:
            raise Unavailable(
                "V-5-1-7880",
                "the daemon is not ready",
                cause=str(self.problem.cause or self.problem) if self.problem else "it starts",
                fix="see 'vx status'; it goes on by itself once the cause is gone",
                rule="G5" if self.problem else None,
                node=self.settings.node.name,
            )
        return self._driver

    def check_promises(self) -> None:
        """Refuse to promise anything on a log that is not what was written.

        Raises:
            Damaged: one of the logs is.
        """
        for damage in self.damage.values():
            raise Damaged(
                f"nothing is changed: {damage.message}",
                position=damage.position,
                cause=damage.cause or "found by the survey of the log after the start",
            )

    def _write_held(self) -> None:
        if self._driver is not None:
            self._driver.write_held()

    def _to_be_trusted(self) -> Driver:
        """Return the present incarnation, if its logs are what was written.

        Raises:
            Unavailable, Damaged: there is none, or they are not.
        """
        self.check_promises()
        return self.driver()

    def submit(self, driver: Driver, said: Submit, reply: Reply) -> None:
        """Hand a request to the core, with what the kernel shows if it asks to look.

        Raises:
            StoreError: too many wait, or the disk refused.
        """
        if not isinstance(said.command, LOOKING) or self.surroundings is None:
            driver.submit(said, reply)
            return

        def seen(scan: DevicesScanned | None) -> None:
            try:
                driver.submit(msgspec.structs.replace(said, scan=scan), reply)
            except StoreError as error:
                reply({"ok": False, "error": error.to_map()})

        self.surroundings.ask_scan(seen)

    def stop(self, reason: str) -> None:
        """Ask for an orderly end."""
        self._stopping = self._stopping or reason
        self._ended.set()

    async def run(self) -> None:
        """Serve until stopped.

        Raises:
            StoreError: it cannot even begin: the log is damaged, unknown, or nobody's.
        """
        delay_s = RETRY_FIRST_S
        recovering = False
        while self._stopping is None:
            try:
                await self._incarnation()
                delay_s, recovering = RETRY_FIRST_S, True
            except (AppendFailed, Unavailable) as error:
                if not recovering and not isinstance(error, AppendFailed):
                    raise
                self._report(error)
                recovering = True
            if self._stopping is None:
                await self._settle()
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RETRY_MAX_S)
        await self.past.stop()
        await self.present.stop()
        await self.followers.stop()

    def _report(self, error: StoreError) -> None:
        self.problem = error
        self._log.warning("recovery did not succeed -> try again", cause=error.cause)

    async def _incarnation(self) -> None:
        """Recover, serve until something ends it, and put everything down again."""
        self._ended.clear()
        store, node = recover(self.home / DATABASE)
        try:
            seen.check(self.home, store)
        except BaseException:
            store.close()
            raise
        self._keep_seen(store)
        surroundings = Surroundings(
            self.home, self.settings, node, self.past, self._to_a_peer, self._log
        )
        driver = Driver(
            store, node, surroundings, self._log, self._failed, self.followers.wake,
            self._recorder(store),
        )  # fmt: skip
        try:
            mode, self._mode = self._mode or daemon_mode(node.own.state), None
            driver.put(Begin(clock.boot_id(), VERSION, SQLITE_VERSION, mode))
            driver.pump()
            await surroundings.start(driver)
            if driver.failed is not None:
                raise driver.failed
            self.problem, self._driver, self.surroundings = None, driver, surroundings
            await self._settle()
            self.heads = self._heads(store, node, surroundings)
            self._say_ready(store, node)
            await self._until_ended(store)
            if self._stopping is not None and driver.failed is None:
                notify(STOPPING="1")
                driver.put(Stop(self._stopping))
                driver.pump()
        finally:
            self._driver = self.heads = None
            self.surroundings = None
            await surroundings.stop()
            _close(driver)
            self._keep_seen(store)

    def _say_ready(self, store: Store, node: Node) -> None:
        if store.backup is not None:
            self._log.warning("store migrated -> backup kept", backup=str(store.backup))
        notify(READY="1", STATUS=f"serving, head @{node.own.head.position}")
        self._log.info("serving", head=node.own.head.position, sqlite=SQLITE_VERSION)

    def _recorder(self, store: Store) -> Recorder | None:
        """Begin to record this run, unless the settings say that nothing is kept."""
        megabytes = self.settings.recorder.megabytes
        if not megabytes:
            return None
        ends = [store.heads[log].position for log in ("shared", "node")]
        began = began_with(ends[0], ends[1], store.hard_state())
        recorder = Recorder(self.home, began, megabytes << 20)
        if recorder.problem is not None:
            self._log.warning(recorder.problem)
        return recorder

    async def _until_ended(self, store: Store) -> None:
        """Serve, and survey the logs beside it."""
        self.background = Background(self.home, store, self.note, self._found)
        survey = asyncio.create_task(self.background.run())
        beside = [survey, asyncio.create_task(self.archivist.run())]
        if self.heads is not None and self.settings.heads.seconds:
            beside.append(asyncio.create_task(self.heads.run(self.settings.heads.seconds)))
        if self.shipments is not None:
            beside.append(asyncio.create_task(self.shipments.run()))
        for task in beside:
            task.add_done_callback(self._beside_ended)
        try:
            await self._ended.wait()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)

    def _heads(self, store: Store, node: Node, around: Surroundings) -> Heads:
        async def ask(peer: str, question: str, args: Answer) -> Answer:
            return await around.ask(peer, question, args, None)

        made = Heads(
            self.home, node.name, node.member.cluster_id, store,
            ask=ask, peers=lambda: around.positions, note=self.note,
        )  # fmt: skip
        made.before = self._write_held
        made.after = lambda: self._keep_seen(store)
        return made

    def _keep_seen(self, store: Store) -> None:
        try:
            seen.keep(self.home, store)
        except OSError as error:
            self._log.warning("how far the logs went is not kept", cause=str(error))

    def _beside_ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._log.error(
                "a defect -> the logs are surveyed, archived, shipped, or signed, no more",
                exc_info=error,
            )

    def _found(self, log: str, damage: Damaged) -> None:
        """Take what the survey found: the first position of a log that does not hold counts."""
        known = self.damage.get(log)
        if known is None or (damage.position or 0) < (known.position or 0):
            self.damage[log] = damage
            self._log.error("damage -> promise nothing more", log=log, found=damage.message)
            notify(STATUS=f"damaged: {damage.message}")

    def _failed(self, error: Unavailable, unsettled: list[Unsettled]) -> None:
        self.problem = self._refused = error
        self._unsettled += unsettled
        notify(STATUS=f"recovering: {error.cause}")
        self._ended.set()

    async def _settle(self) -> None:
        """Tell those whose flush failed what the log says became of their requests."""
        if not self._unsettled or self._refused is None:
            return
        answers, self._unsettled = await asyncio.to_thread(
            settle, self.home, self._unsettled, self._refused, trusted=self._driver is not None
        )
        for waiting, answer in answers:
            waiting.reply(answer)

    def note(self, text: str) -> None:
        """Log something that happened around the core."""
        self._log.info(text)

    async def _to_a_peer(self, said: Question) -> Answer:
        """Answer another daemon: what this node knows of its own past, and nothing else."""
        if said.question in ABOUT_HEADS and self.heads is not None:
            return await self.heads.answer(said.question, said.args)
        if said.question not in FOR_PEERS:
            raise NotFound("V-5-1-7846", f"no daemon is asked {said.question!r} by another")
        request = {"question": said.question, "args": said.args, "at": said.at}
        return (await self.past.ask(request, INQUIRY_S)).message()

    def positions(self) -> dict[str, int]:
        """Return how far the shared log goes on other nodes, as they said last."""
        return {} if self.surroundings is None else self.surroundings.positions

    def facts(self) -> dict[str, Any]:
        """Return what a status says of this process."""
        return {
            "version": VERSION,
            "protocol": PROTOCOL_MAX,
            "sqlite": SQLITE_VERSION,
            "home": str(self.home),
            "log": str(located(self.home / DATABASE)),
        }


def _close(driver: Driver) -> None:
    driver.stop()
    try:
        driver.store.close()
    except StoreError:
        # The disk that refused a flush may refuse this too; the log is the truth.
        return
