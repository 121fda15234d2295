"""The child's side of `compute.py`: read pickled work from stdin, do it, write the pickled result to stdout.

Started as `python -m appliance.compute_child MEMORY_MB NICE`; ends at the end of its input, so that it never outlives
the service by more than the work in hand.
"""

from __future__ import annotations

import os
import pickle
import resource
import struct
import sys
from typing import Any, BinaryIO

HEADER = struct.Struct("!Q")


def main() -> None:
    memory_mb, nice = int(sys.argv[1]), int(sys.argv[2])
    os.nice(nice)
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    # A library that prints must not be taken for a reply.
    os.dup2(2, 1)
    while header := requests.read(HEADER.size):
        (length,) = HEADER.unpack(header)
        work = requests.read(length)
        if len(work) < length:
            return
        _reply(replies, work)


def _reply(replies: BinaryIO, work: bytes) -> None:
    answer: tuple[bool, Any]
    try:
        function, args, kwargs = pickle.loads(work)
        answer = (False, function(*args, **kwargs))
    except MemoryError:
        from appliance.errors import ComputeError

        answer = (True, ComputeError("This file needs more memory than compute_memory_mb allows"))
    except Exception as error:  # noqa: BLE001 - the edge of the process: everything goes back to the caller
        answer = (True, error)
    try:
        data = pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - an error that cannot be pickled still has to be told
        data = pickle.dumps((True, RuntimeError(f"{answer[1]!r} could not be sent back: {error!r}")))
    replies.write(HEADER.pack(len(data)) + data)
    replies.flush()


if __name__ == "__main__":
    main()
