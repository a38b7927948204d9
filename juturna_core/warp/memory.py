"""What glibc does with the memory of large messages.

By default every block above 32 MiB at most (128 KiB at first) is a mapping of its own: its pages are faulted in, zeroed
and given back for each frame, which is a third of what a 6 MB frame costs in all. Told to keep such blocks, the process
holds on to what it once needed for messages in flight.
"""

from __future__ import annotations

import ctypes
import logging
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of malloc.h
_SETTINGS = (
    (_MMAP_THRESHOLD, 32 << 20),
    (_TRIM_THRESHOLD, 512 << 20),
    (_TOP_PAD, 64 << 20),
)


def keep_large_blocks() -> bool:
    """For the whole process: reuse the memory of large messages. False where there is no glibc to tell."""
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    done = [mallopt(setting, value) for setting, value in _SETTINGS]
    if not all(done):
        logging.getLogger("jt.warp").debug("mallopt refused a setting; large messages cost more")
    return all(done)
