"""Converters for tests of conversion, in a module that the process that fetches can import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def turn_around(model_name: str, folder: Path) -> None:
    """made.onnx is checkpoint.pth backwards."""
    (folder / "made.onnx").write_bytes((folder / "checkpoint.pth").read_bytes()[::-1])


def give_up(model_name: str, folder: Path) -> None:
    (folder / "half.onnx").write_bytes(b"half")
    raise ValueError("no such layer")
