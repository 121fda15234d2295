"""QR codes of short addresses (ISO/IEC 18004): bytes, error correction L, versions 1 to 5, which are one block each."""

from __future__ import annotations

from itertools import pairwise

#: Version -> (bytes in all, bytes of error correction), level L.
SIZES = {1: (26, 7), 2: (44, 10), 3: (70, 15), 4: (100, 20), 5: (134, 26)}
POLYNOMIAL = 0x11D  # of the field GF(256)
FORMAT_POLYNOMIAL, FORMAT_MASK = 0x537, 0x5412
LEVEL_L = 0b01

Matrix = list[list[bool]]
MASKS = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, x: y % 2 == 0,
    lambda y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)


class TooLongError(ValueError):
    """More than version 5 holds: 106 bytes."""


def qr_code(data: bytes) -> Matrix:
    """Rows of modules, True for dark, without the light border.  Raises TooLongError."""
    version = next((v for v, (whole, check) in SIZES.items() if len(data) <= whole - check - 2), None)
    if version is None:
        raise TooLongError
    whole, check = SIZES[version]
    words = _padded(data, whole - check)
    words += _error_correction(words, check)
    candidates = [_drawn(version, words, mask) for mask in range(len(MASKS))]
    return min(candidates, key=_penalty)


def _padded(data: bytes, capacity: int) -> list[int]:
    """Mode (0100), length, bytes, end (0000), then what the standard pads with."""
    nibbles = [4, len(data) >> 4, len(data) & 15, *(part for byte in data for part in (byte >> 4, byte & 15)), 0]
    words = [high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True)]
    return words + [(0xEC, 0x11)[at % 2] for at in range(capacity - len(words))]


def _product(left: int, right: int) -> int:
    result = 0
    while right:
        if right & 1:
            result ^= left
        left <<= 1
        if left & 0x100:
            left ^= POLYNOMIAL
        right >>= 1
    return result


def _error_correction(words: list[int], count: int) -> list[int]:
    """Remainder of the Reed-Solomon division."""
    generator, root = [1], 1
    for _ in range(count):
        generator = [a ^ _product(b, root) for a, b in zip([*generator, 0], [0, *generator], strict=True)]
        root = _product(root, 2)
    rest = [0] * count
    for word in words:
        factor = word ^ rest[0]
        rest = [a ^ _product(b, factor) for a, b in zip([*rest[1:], 0], generator[1:], strict=True)]
    return rest


def _drawn(version: int, words: list[int], mask: int) -> Matrix:
    side = 17 + 4 * version
    fixed = _fixed(version, side, mask)
    bits = [bool(word >> bit & 1) for word in words for bit in range(7, -1, -1)]
    matrix = [[fixed.get((y, x), False) for x in range(side)] for y in range(side)]
    free = [place for place in _zigzag(side) if place not in fixed]
    for at, (y, x) in enumerate(free):
        matrix[y][x] = (at < len(bits) and bits[at]) ^ MASKS[mask](y, x)
    return matrix


def _fixed(version: int, side: int, mask: int) -> dict[tuple[int, int], bool]:
    """What is not data: finders, timing, alignment, format."""
    fixed: dict[tuple[int, int], bool] = {}
    for at in range(side):
        fixed[6, at] = fixed[at, 6] = at % 2 == 0
    if version > 1:
        middle = side - 7
        for y in range(-2, 3):
            for x in range(-2, 3):
                fixed[middle + y, middle + x] = max(abs(y), abs(x)) != 1
    for top, left in ((0, 0), (0, side - 7), (side - 7, 0)):
        for y in range(-1, 8):
            for x in range(-1, 8):
                if 0 <= top + y < side and 0 <= left + x < side:
                    fixed[top + y, left + x] = max(abs(y - 3), abs(x - 3)) in (0, 1, 3)
    for at, bit in enumerate(_format_bits(mask)):
        first, second = _format_places(at, side)
        fixed[first] = fixed[second] = bit
    fixed[side - 8, 8] = True
    return fixed


def _format_bits(mask: int) -> list[bool]:
    """Fifteen bits, the highest first: level and mask with their own error correction."""
    data = LEVEL_L << 3 | mask
    rest = data << 10
    for bit in range(4, -1, -1):
        if rest >> bit + 10 & 1:
            rest ^= FORMAT_POLYNOMIAL << bit
    value = (data << 10 | rest) ^ FORMAT_MASK
    return [bool(value >> bit & 1) for bit in range(14, -1, -1)]


def _format_places(at: int, side: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Beside the first finder, and once more beside the other two."""
    first = (8, at + (at > 5)) if at < 8 else (14 - at + (at < 9), 8)
    second = (side - 1 - at, 8) if at < 7 else (8, side - 15 + at)
    return first, second


def _zigzag(side: int) -> list[tuple[int, int]]:
    """Columns in pairs from the right, upwards and downwards in turn; the timing column is left out."""
    places = []
    rights = [*range(side - 1, 6, -2), *range(5, 0, -2)]
    for number, right in enumerate(rights):
        rows = range(side) if number % 2 else range(side - 1, -1, -1)
        places += [(y, x) for y in rows for x in (right, right - 1)]
    return places


def _penalty(matrix: Matrix) -> int:
    """How hard it is to read: long runs and blocks of one colour (rules 1 and 2 of the standard)."""
    runs = 0
    for line in [*matrix, *map(list, zip(*matrix, strict=True))]:
        length = 1
        for before, after in pairwise(line):
            length = length + 1 if before == after else 1
            runs += 3 if length == 5 else length > 5
    blocks = sum(
        3
        for upper, lower in pairwise(matrix)
        for (a, b), (c, d) in zip(pairwise(upper), pairwise(lower), strict=True)
        if a == b == c == d
    )
    return runs + blocks
