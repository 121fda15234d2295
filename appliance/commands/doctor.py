"""`homeroll doctor`: look at the machine and the data, and say how to mend what is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.console import lines, plural
from appliance.errors import InvalidInputError

if TYPE_CHECKING:
    from appliance.console import Context
    from appliance.doctor.base import Finding
    from appliance.parser import Parser

MARKS = {"ok": "ok", "warning": "look", "broken": "BROKEN"}


def arguments(parser: Parser) -> None:
    parser.epilog = "Exit code 1 when something is broken; what only deserves a look does not count."


def run(context: Context) -> int:
    if context.url:
        raise InvalidInputError("doctor looks at this machine only", hint="Run it where the service runs.")
    import msgspec

    from appliance.doctor.examine import examine

    findings = list(examine(context.settings(needs_data=False)))
    broken = sum(finding.state == "broken" for finding in findings)
    context.console.data(msgspec.to_builtins(findings), lambda: _text(findings))
    context.console.say(f"{plural(broken, 'thing')} to mend." if broken else "Nothing is broken.")
    return 1 if broken else 0


def _text(findings: list[Finding]) -> str:
    pairs: list[tuple[str, str]] = []
    for finding in findings:
        pairs.append((f"{MARKS[finding.state]:<6}  {finding.check}", finding.message))
        if finding.hint:
            pairs.append(("", f"  {finding.hint}"))
    return lines(pairs)
