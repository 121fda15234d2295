"""The dashboard: SCREENS, and the keys that work on all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding

from appliance.errors import HomerollError
from tui.desk import Desk
from tui.messages import ActionRefused, SourcesLearned
from tui.screens.about import AboutScreen
from tui.screens.backups import BackupsScreen
from tui.screens.failures import FailuresScreen
from tui.screens.https import HttpsScreen
from tui.screens.integrity import IntegrityScreen
from tui.screens.jobs import JobsScreen
from tui.screens.journal import JournalScreen
from tui.screens.keys import KeysScreen
from tui.screens.libraries import LibrariesScreen
from tui.screens.log import LogScreen
from tui.screens.models import ModelsScreen
from tui.screens.overview import OverviewScreen
from tui.screens.people import PeopleScreen
from tui.screens.requests import RequestsScreen
from tui.screens.search import SearchScreen
from tui.screens.settings import SettingsScreen
from tui.screens.shares import SharesScreen
from tui.screens.trash import TrashScreen
from tui.screens.updates import UpdatesScreen
from tui.screens.users import UsersScreen
from tui.widgets.picking import Menu
from tui.wizard import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType
    from textual.screen import Screen

    from tui.screens.base import HomerollScreen

#: In the order of their number keys; the tenth has 0, what follows is in the menu and the palette.
SCREENS: tuple[type[HomerollScreen], ...] = (
    OverviewScreen,
    LibrariesScreen,
    JobsScreen,
    FailuresScreen,
    PeopleScreen,
    SearchScreen,
    ModelsScreen,
    SettingsScreen,
    BackupsScreen,
    IntegrityScreen,
    UsersScreen,
    KeysScreen,
    SharesScreen,
    JournalScreen,
    TrashScreen,
    HttpsScreen,
    RequestsScreen,
    LogScreen,
    UpdatesScreen,
    AboutScreen,
)
NUMBERED = SCREENS[:10]


class Dashboard(Desk):
    TITLE = "Homeroll"
    CSS_PATH = "homeroll.tcss"
    MODES = {screen.NAME: screen for screen in SCREENS}  # noqa: RUF012 - Textual's own shape
    DEFAULT_MODE = SCREENS[0].NAME
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number % 10), f"open_screen('{screen.NAME}')", str(screen.TITLE), show=False)
            for number, screen in enumerate(NUMBERED, start=1)
        ),
        ("g", "screens", "Go to"),
        ("S", "start_service", "Start"),
        ("q", "quit", "Quit"),
    ]
    asked_to_set_up = False

    def on_mount(self) -> None:
        if self.console.color_system == "standard":
            self.theme = "ansi-dark"  # the terminal's own sixteen colours, instead of the nearest to ours

    @on(SourcesLearned)
    def _set_up_once(self, message: SourcesLearned) -> None:
        """The first start is the local admin's to walk through; from elsewhere there is a page for it."""
        required = self.house.known.get("server", {}).get("setup_required")
        if required and self.client.address.socket and "server" in message.sources and not self.asked_to_set_up:
            self.asked_to_set_up = True
            self.action_set_up()

    def action_set_up(self) -> None:
        self.run_worker(self._set_up(), group="wizard", exclusive=True)

    async def _set_up(self) -> None:
        try:
            await walk(self)
        except HomerollError as error:  # the service stopped in between
            self.post_message(ActionRefused(error))

    async def action_open_screen(self, name: str) -> None:
        await self.switch_mode(name)

    def action_screens(self) -> None:
        lines = [
            (screen.NAME, f"{number % 10 if number <= len(NUMBERED) else ' '}  {screen.TITLE}")
            for number, screen in enumerate(SCREENS, start=1)
        ]

        def open_chosen(name: str | None) -> None:
            if name is not None:
                self.switch_mode(name)

        self.push_screen(Menu("Go to", lines, chosen=self.current_mode), open_chosen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "start_service":
            return self.lost is not None and self.starter.possible
        return True

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for member in SCREENS:
            title = str(member.TITLE)
            yield SystemCommand(title, f"Open {title}", lambda name=member.NAME: self.switch_mode(name))
        yield from self._commands_of(screen)
        yield SystemCommand("First steps", "Go through the first start again", self.action_set_up)
        for command in App.get_system_commands(self, screen):
            if command.title in {"Theme", "Quit", "Screenshot"}:
                yield command

    def _commands_of(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the keys of the screen below do, by name."""
        for node, binding, enabled, _ in screen.active_bindings.values():
            if enabled and binding.show and binding.description and node is screen:
                action = binding.action
                yield SystemCommand(
                    binding.description,
                    f"{screen.TITLE}: key {self.get_key_display(binding)}",
                    lambda action=action: self.call_later(screen.run_action, action),
                )
