"""Fork a process that ends with its parent and begins with a clean slate."""

import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable

from launch import tether
from launch.wakeups import END, Signals


def share() -> None:
    """What is loaded by now stays shared with the processes that are forked from here on."""
    gc.collect()
    gc.freeze()


def fork(signals: Signals, live: Callable[[], None]) -> int:
    """Start a process whose whole life is `live`; give back its process id."""
    if threading.active_count() > 1:
        raise RuntimeError("A thread runs here; a fork would break it.")
    parent = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, END)  # until the child has its own handlers
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, END)
        return pid
    try:
        signals.close()
        # Ctrl-C and a closed terminal are the supervisor's business; it tells us.
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, END)
        tether.follow(parent, signal.SIGTERM)
        live()
    except SystemExit:
        pass
    except BaseException as reason:  # where and what kind, never its words: they may be a person's
        sys.stderr.write("".join(traceback.format_tb(reason.__traceback__)))
        sys.stderr.write(f"{type(reason).__name__}\n")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
