"""Properties of range headers, whatever a client makes up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.errors import UnsatisfiableRangeError
from web.ranges import is_match, parse_range

sizes = st.integers(min_value=0, max_value=1 << 60)
numbers = st.integers(min_value=0, max_value=10**18)


@given(st.text(), sizes)
def test_no_text_breaks_it_and_every_range_lies_inside(header: str, size: int) -> None:
    try:
        part = parse_range(header, size)
    except UnsatisfiableRangeError:
        return
    if part is not None:
        assert part.length >= 1
        assert part.start >= 0
        assert part.start + part.length <= size


@given(numbers, numbers, sizes)
def test_first_and_last(first: int, last: int, size: int) -> None:
    header = f"bytes={first}-{last}"
    if last < first:
        assert parse_range(header, size) is None
    elif first >= size:
        with pytest.raises(UnsatisfiableRangeError):
            parse_range(header, size)
    else:
        part = parse_range(header, size)
        assert part is not None
        assert (part.start, part.start + part.length - 1) == (first, min(last, size - 1))


@given(numbers, sizes)
def test_the_last_bytes(count: int, size: int) -> None:
    if count == 0 or size == 0:
        with pytest.raises(UnsatisfiableRangeError):
            parse_range(f"bytes=-{count}", size)
    else:
        part = parse_range(f"bytes=-{count}", size)
        assert part is not None
        assert part.length == min(count, size)
        assert part.start + part.length == size


@given(st.text())
def test_an_etag_matches_only_itself(header: str) -> None:
    if '"abc"' not in header and header.strip() != "*":
        assert not is_match(header, '"abc"')
    assert is_match(f'"x", W/"abc" , {header}', '"abc"')
    assert not is_match('W/"abc"', '"abc"', weak=False)
