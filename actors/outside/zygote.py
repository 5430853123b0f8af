"""`python -m actors.outside.zygote FD MODULE…`: the process that forks the children of a sandbox.

It has imported the codecs once and has one thread, so a child is there in a millisecond and is safe to fork. On the
socket FD its parent says `FORK` with a child's own socket and its open files, or `KILL`, and is told `ENDED` with how.
When the parent is gone, so are they all.
"""

import ctypes
import fcntl
import gc
import os
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from actors.outside import inmate
from actors.outside.limits import FIRST_FILE, MOST_FILES, SOCKET

FORK: Final = b"F"
KILL: Final = b"K"
ASKED: Final = struct.Struct("!cI")
ENDED: Final = struct.Struct("!Ii")
"""The number of a child, and its exit status: negative when a signal ended it."""


_PARENT_DEATH_SIGNAL: Final = 1  # prctl(2)
_ASIDE: Final = FIRST_FILE + MOST_FILES


def main(descriptor: int) -> None:
    """Fork until the parent is gone."""
    control = socket.socket(fileno=descriptor)
    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)  # noqa: FBT003  the library's own
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    children: dict[int, int] = {}  # process id by number
    gc.freeze()
    while True:
        ready, _, _ = select.select([control, wake], [], [])
        if wake in ready:
            wake.recv(4096)
            _reap(control, children)
        if control in ready and not _take(control, children):
            break
    for process in children.values():
        os.kill(process, signal.SIGKILL)


def _take(control: socket.socket, children: dict[int, int]) -> bool:
    """Do what the parent asks; False when it is gone."""
    data, descriptors, _, _ = socket.recv_fds(control, ASKED.size, 1 + MOST_FILES)
    while data and len(data) < ASKED.size:
        data += control.recv(ASKED.size - len(data))
    if not data:
        return False
    verb, number = ASKED.unpack(data)
    if verb == FORK:
        process = os.fork()
        if process == 0:
            _become_child(descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        children[number] = process
    elif number in children:  # not reaped, so the id is still its own
        os.kill(children[number], signal.SIGKILL)
    return True


def _become_child(descriptors: Sequence[int]) -> None:
    """Its socket and its files take the first places, and nothing else stays open. Never returns."""
    status = 1
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        aside = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, _ASIDE) for descriptor in descriptors]
        for place, descriptor in enumerate(aside):
            os.dup2(descriptor, SOCKET + place)
        os.closerange(SOCKET + len(aside), os.sysconf("SC_OPEN_MAX"))
        inmate.serve(socket.socket(fileno=SOCKET))
        status = 0
    except ConnectionError:
        status = 0  # whoever asked has lost interest
    except BaseException:  # noqa: BLE001  a defect of ours, or an interpreter that is out of memory
        traceback.print_exc()
    finally:
        os._exit(status)


def _reap(control: socket.socket, children: dict[int, int]) -> None:
    for number, process in list(children.items()):
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            del children[number]
            control.sendall(ENDED.pack(number, os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    for module in sys.argv[2:]:
        import_module(module)
    main(int(sys.argv[1]))
