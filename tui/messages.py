"""What workers tell the desk: facts, past tense; handlers redraw, and never wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from appliance.errors import HomerollError


class ServiceFound(Message):
    """The service answers, and its messages are listened to."""


class ServiceLost(Message):
    """It does not answer, or not any more."""

    def __init__(self, error: HomerollError) -> None:
        super().__init__()
        self.error = error


class SourcesLearned(Message):
    """These were asked for and are known now."""

    def __init__(self, sources: set[str]) -> None:
        super().__init__()
        self.sources = sources


class ActionDone(Message):
    """What somebody wanted was done; `sources` are to be asked for again."""

    def __init__(
        self, said: str, sources: tuple[str, ...], answer: Any, then: Callable[[Any], None] | None = None
    ) -> None:
        super().__init__()
        self.said = said
        self.sources = sources
        self.answer = answer
        self.then = then


class ActionRefused(Message):
    """What somebody wanted was not done, and why."""

    def __init__(self, error: HomerollError) -> None:
        super().__init__()
        self.error = error
