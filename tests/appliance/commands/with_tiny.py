"""`homeroll`, with small models that the tests' hub publishes: `python -m tests.appliance.commands.with_tiny ...`."""

from __future__ import annotations

import sys

from appliance.cli import main
from ml import registry
from tests.appliance.captioners import ColourCaptioner
from tests.appliance.tiny import TAGGERS

if __name__ == "__main__":
    registry.TAGGERS = TAGGERS
    registry.CAPTIONERS = (ColourCaptioner,)  # needs no files
    sys.exit(main())
