"""The dashboard's own work: it follows the service, keeps what is known, does what is asked, and tells the screens.

Workers change what is known and post messages; handlers and the clock redraw.  However many messages arrive, a screen
is drawn at most twice a second.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from textual import on
from textual.app import App, SuspendNotSupported
from textual.content import Content

from appliance.errors import AccessError, HomerollError
from tui import machine
from tui.client import Client, NotReachableError
from tui.house import BASE, COUNTED, SOURCES, House
from tui.messages import ActionDone, ActionRefused, ServiceFound, ServiceLost, SourcesLearned
from tui.pictures import half_blocks
from tui.terminal import Terminal
from tui.told import VersionsDifferError
from tui.versions import difference, here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from PIL.Image import Image
    from textual.worker import WorkType

    from tui.client import Address
    from tui.service import Starter

RETRY_S = 2.0
DRAW_S = 0.5
ASK_AGAIN_S = 1.5  # what messages made stale is asked for at most this often
LOOK_S = 30.0  # what no message tells, such as the disk, is looked at this often
MACHINE_S = 5.0  # this machine's own figures; the service is not asked for them
SELDOM = {"health"}
TYPED = "Type `homeroll` again; if it ends again, upgrade the older of the two, or use the page in the browser."


@runtime_checkable
class Drawn(Protocol):
    """What the desk needs of a screen."""

    SOURCES: ClassVar[tuple[str, ...]]
    SELDOM: ClassVar[tuple[str, ...]]
    MACHINE: ClassVar[bool]

    def redraw(self) -> None: ...

    def tell_state(self) -> None: ...


class Desk(App[HomerollError | None]):
    """`house` is what is known; `lost` is why nobody answers, or None; ends with an error when it may not ask."""

    def __init__(
        self,
        address: Address,
        *,
        starter: Starter,
        page: tuple[str, ...] = (),
        port: int = 0,
        data: str = "",
        journal: tuple[str, ...] = (),
        terminal: Terminal | None = None,
    ) -> None:
        """page: where browsers find it.  port: of the addresses of this machine, 0 when it is not open to others.
        data: its directory, if here.  journal: what prints its log and follows it, if anything does.
        terminal: what it can draw, half-blocks where nobody looked."""
        super().__init__()
        self.client = Client(address)
        self.starter = starter
        self.page = page
        self.port = port
        self.data = data
        self.journal = journal
        self.terminal = terminal or Terminal()
        self.house = House()
        self.version = ""
        self.lost: HomerollError | None = None
        self.connections = 0
        self._changed = False
        self._stale: set[str] = set()
        self._asked_at = 0.0
        self._asking = False

    def on_mount(self) -> None:
        self.run_worker(self._follow(), group="follow")
        self.set_interval(DRAW_S, self._tick)
        self.set_interval(MACHINE_S, self.house.beat)
        self.set_interval(LOOK_S, lambda: self.ask_for({*SELDOM, *self._seldom_here()}))
        if self.client.address.socket:
            self.set_interval(MACHINE_S, self._look_at_machine)
            self._look_at_machine()

    async def on_unmount(self) -> None:
        await self.client.close()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where browsers find it: by name, then by the addresses that this machine has now."""
        here = self.house.machine
        numbers = here.addresses if here and self.port else ()
        return (*self.page, *(f"http://{number}:{self.port}" for number in numbers))

    @property
    def phone_address(self) -> str:
        """The address that every phone can open: by number where there is one, not every phone knows `.local`."""
        here = self.house.machine
        if here and self.port and here.addresses:
            return f"http://{here.addresses[0]}:{self.port}"
        return "" if self.client.address.socket else self.client.address.url

    @property
    def differs(self) -> str:
        """That the service is of another version than this dashboard, as a sentence without its end; "" if not."""
        runs = self.house.known.get("server", {}).get("version", "")
        return difference(runs, self.version, self.client.reader.missed)

    @property
    def drawn(self) -> Drawn | None:
        """The screen to draw: the one below a dialog, when one is open."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Drawn)), None)

    # what workers do: no widget is touched here

    async def _follow(self) -> None:
        self.version = await asyncio.to_thread(here)
        while True:
            try:
                async for name, data in self.client.messages():
                    if name:
                        changed, stale = self.house.told(name, data)
                        self._changed |= bool(changed)
                        self._stale |= stale
                    else:
                        self.post_message(ServiceFound())
            except AccessError as error:
                self.exit(error)
                return
            except HomerollError as error:
                self.post_message(ServiceLost(error))
            await asyncio.sleep(RETRY_S)

    async def _learn(self, sources: Sequence[str]) -> None:
        try:
            for at, source in enumerate(sources):
                try:
                    self.house.learn(source, await self.client.get(SOURCES[source]))
                except NotReachableError:  # whoever follows the messages says so
                    self._stale.update(sources[at:])
                    break
                except HomerollError as error:
                    if self.house.refuse(source, error):
                        self.post_message(ActionRefused(error))
        finally:
            self._asking = False
        self.post_message(SourcesLearned(set(sources)))

    async def _measure_machine(self) -> None:
        self.house.machine = await asyncio.to_thread(machine.measure)
        self.house.busy.append(self.house.machine.busy)
        self._changed |= self.drawn is not None and self.drawn.MACHINE

    async def _fetch_picture(self, url: str, room: tuple[int, int], then: Callable[[Content | Image], None]) -> None:
        try:
            data = await self.client.picture(url)
            drawn = await asyncio.to_thread(self._drawing, data, room)
        except HomerollError:  # such as one that is still to be made: the name beside it says enough
            drawn = Content("")
        self.call_later(then, drawn)

    def _drawing(self, data: bytes, room: tuple[int, int]) -> Content | Image:
        """The picture in half-blocks, or as pixels for terminals that draw those.  Blocking."""
        kind = self.terminal.pictures
        if kind == "blocks":
            return half_blocks(data, *room, greys=self.console.color_system == "standard")
        from tui.graphics import decoded, prepare

        prepare(kind, self.terminal.cell_px)
        return decoded(data) or Content("")

    async def _act(
        self,
        method: str,
        path: str,
        body: object,
        said: str,
        sources: tuple[str, ...],
        then: Callable[[Any], None] | None,
        query: dict[str, Any] | None,
    ) -> None:
        try:
            answer = await self.client.ask(method, path, body=body, query=query)
        except HomerollError as error:
            self.post_message(ActionRefused(error))
        else:
            self.post_message(ActionDone(said, sources, answer, then))

    async def _start(self) -> None:
        try:
            await self.starter.start()
        except HomerollError as error:
            self.post_message(ActionRefused(error))

    def _seldom_here(self) -> tuple[str, ...]:
        return self.drawn.SELDOM if self.drawn else ()

    def _look_at_machine(self) -> None:
        self.run_worker(self._measure_machine(), group="machine", exclusive=True)

    # what screens ask for

    def show_picture(
        self, url: str, room: tuple[int, int], place: str, then: Callable[[Content | Image], None]
    ) -> None:
        """Fetch a picture and draw it in `room` (columns, lines); of each `place` only the last one asked for."""
        if self.terminal.pictures != "off":
            fetch: WorkType[None] = partial(self._fetch_picture, url, room, then)
            self.run_worker(fetch, group=f"picture {place}", exclusive=True)

    def ask_for(self, sources: Iterable[str]) -> None:
        """Ask again, soon; several wishes are one request each."""
        self._stale |= set(sources)

    def act(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        said: str = "",
        sources: tuple[str, ...] = (),
        then: Callable[[Any], None] | None = None,
        query: dict[str, Any] | None = None,
    ) -> None:
        """Do it in the background.  said: shown once it is done; sources: asked for again; then: given the answer."""
        self.run_worker(self._act(method, path, body, said, sources, then, query), group="actions")

    def action_start_service(self) -> None:
        if not (self.lost and self.starter.possible):
            return
        if self.starter.asks:
            self._start_on_terminal()
        else:
            self.notify(f"{self.starter.typed} …", title="Starting")
            self.run_worker(self._start(), group="actions")

    def _start_on_terminal(self) -> None:
        try:
            with self.suspend():
                self.starter.start_here()
        except SuspendNotSupported:
            self.notify(f"Type: {self.starter.typed}", severity="warning", markup=False)
        except HomerollError as error:
            self.post_message(ActionRefused(error))

    # what messages change on the screen

    @on(ServiceFound)
    def _found(self) -> None:
        if self.lost and self.connections:
            self.notify("Homeroll answers again")
        self.lost = None
        self.client.reader.missed.clear()  # it may be of another version than before
        self.connections += 1
        self._asked_at = 0.0
        drawn = self.drawn
        self.ask_for((*BASE, *COUNTED, *(drawn.SOURCES if drawn else ())))
        self._draw()

    @on(ServiceLost)
    def _lose(self, message: ServiceLost) -> None:
        self.lost = message.error
        self._draw()

    @on(SourcesLearned)
    def _learned(self) -> None:
        self._draw()

    @on(ActionDone)
    def _done(self, message: ActionDone) -> None:
        if message.said:
            self.notify(message.said, markup=False)
        self._asked_at = 0.0
        self.ask_for(message.sources)
        if message.then:
            message.then(message.answer)

    @on(ActionRefused)
    def _refused(self, message: ActionRefused) -> None:
        error = message.error
        self.notify(f"{error.message}\n{error.hint}".strip(), severity="error", timeout=10, markup=False)

    def _tick(self) -> None:
        if self._changed:
            self._draw()
        drawn = self.drawn
        unknown = {source for source in COUNTED if source not in self.house.known}
        wanted = self._stale & {*BASE, *unknown, *(drawn.SOURCES if drawn else ())}
        if wanted and not self.lost and not self._asking and time.monotonic() - self._asked_at > ASK_AGAIN_S:
            self._stale -= wanted
            self._asking = True
            self._asked_at = time.monotonic()
            order = [source for source in SOURCES if source in wanted]
            self.run_worker(self._learn(order), group="learn")

    def _draw(self) -> None:
        self._changed = False
        drawn = self.drawn
        if drawn is not None:
            drawn.redraw()
            drawn.tell_state()  # after it: drawing shows what is missing

    def _handle_exception(self, error: Exception) -> None:
        """What no stand-in helps with, said by another version, ends the dashboard in words.  Textual calls it."""
        if self.differs and not isinstance(self.return_value, VersionsDifferError):
            ended = VersionsDifferError(f"{self.differs}: what it says cannot be shown", hint=TYPED)
            ended.__cause__ = error
            self.exit(ended)
        elif not self.differs:
            super()._handle_exception(error)
