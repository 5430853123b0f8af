"""How does a verb end? With 0 when all is well, with 1 and one sentence when something is wrong, with 130 after Ctrl-C.

2 is bad usage, which typer says. What a person reads goes to standard output, what is wrong to standard error.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from typing import Any, Final, NoReturn

import structlog

from ops.console import complain
from ops.data_folder import CannotStart
from ops.settings import SettingError

WRONG: Final = 1
BAD_USAGE: Final = 2
INTERRUPTED: Final = 130
STATUSES: Final = {
    0: "All is well, and what was asked for is done; also Ctrl-C, for what goes on until then.",
    WRONG: "Something is wrong: NATS cannot be reached, a recording is not known, a job failed. One line says what.",
    BAD_USAGE: "It cannot be meant: an option, or a name that does not exist. The line says which there are.",
    INTERRUPTED: "Ctrl-C, before the end.",
}
"""What each exit status says."""


class Trouble(Exception):
    """What is wrong, in one sentence for the person who asked."""


class Misused(Exception):
    """What was asked for cannot be meant; the sentence says why."""


def end(work: Coroutine[Any, Any, int | None], *, interrupted: int = INTERRUPTED) -> NoReturn:
    """Run a verb, and leave with its exit status; `interrupted` is that of Ctrl-C."""
    logging.disable()  # nats-py and asyncio would write beside what we say, and so would our own modules
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        sys.exit(asyncio.run(work) or 0)
    except KeyboardInterrupt:
        sys.exit(interrupted)
    except BrokenPipeError:  # `loom js tail | head`: the reader has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Misused as error:
        complain([str(error)])
        sys.exit(BAD_USAGE)
    except (Trouble, CannotStart, SettingError) as error:
        complain([str(error)])
        sys.exit(WRONG)
