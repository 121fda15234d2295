"""Passwords as argon2id hashes, made one at a time and off the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading

import argon2

from appliance.errors import InvalidInputError

MIN_LENGTH = 8
MAX_LENGTH = 1024

# OWASP's smallest recommended memory (19 MiB, two passes): several people may log in while the Pi is short of memory.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_M_MMAP_THRESHOLD = -3  # <malloc.h>
_ONE_AT_A_TIME = threading.Lock()

# What an unknown user's password is checked against, so that the time taken does not tell who exists.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$0y96jkxrK0dxWdMqX//KpQ$8R/gmtr/epcHZE0geKjuUGwezWPFBV2AxhVbbInT5pI"

# No letters or digits that are mistaken for each other when read off a terminal.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


def one_time_password() -> str:
    """Random and easy to type: four groups of four, about 79 bits."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def check_password(password: str) -> None:
    """Raise InvalidInputError for one that will not do."""
    if len(password) < MIN_LENGTH:
        raise InvalidInputError(
            f"The password needs at least {MIN_LENGTH} characters", hint="Three or four words make a good one."
        )
    if len(password) > MAX_LENGTH:
        raise InvalidInputError(f"The password may have at most {MAX_LENGTH} characters")


async def hash_password(password: str) -> str:
    return await asyncio.to_thread(_hash, password)


async def is_password(password: str, password_hash: str | None) -> bool:
    """Whether `password` belongs to the hash; None stands for a user that does not exist and takes as long."""
    return await asyncio.to_thread(_verify, password[:MAX_LENGTH], password_hash or _NOBODY) and bool(password_hash)


def _hash(password: str) -> str:
    with _ONE_AT_A_TIME:
        _return_large_blocks()
        return _HASHER.hash(password)


def _verify(password: str, password_hash: str) -> bool:
    with _ONE_AT_A_TIME:
        _return_large_blocks()
        try:
            return _HASHER.verify(password_hash, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False


def _return_large_blocks() -> None:
    """Have glibc give blocks over 1 MiB back when they are freed.

    Left alone it learns from the first 19 MiB that such blocks are usual, and keeps one in each thread's arena for
    ever: with two threads that is 38 MB of the 90 that the idle service may take.
    """
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # another libc
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1 << 20)
