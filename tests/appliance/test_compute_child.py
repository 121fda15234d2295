from __future__ import annotations

import multiprocessing
import platform
import resource

from appliance.compute_child import keep_freed_memory


def _pages_per_round() -> float:
    """Pages that the system hands out per round of taking and giving back 6 MB, after some rounds."""
    kept = keep_freed_memory()
    for _ in range(5):
        bytearray(6 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        bytearray(6 << 20)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 20 if kept else 0.0


def test_freed_memory_is_used_again() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_pages_per_round) < 100


def test_glibc_has_the_setting() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(keep_freed_memory) is (platform.libc_ver()[0] == "glibc")
