"""From a network that says how likely each next token is to the sentence it most likely means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

State = TypeVar("State")


class NextToken(Protocol[State]):
    """A decoder.  `state` is what it remembers of the tokens before the last one, None at the beginning."""

    def scores(self, tokens: NDArray[np.int64], state: State | None) -> tuple[NDArray[np.float32], State]:
        """How each next token would follow: logits (rows, vocabulary) for tokens (rows, so far)."""

    def rows(self, state: State, chosen: Sequence[int]) -> State:
        """What it remembers, for these rows in this order; a row may be there twice."""


class Sentence(msgspec.Struct, frozen=True):
    """`score`: the sum of the tokens' log probabilities; of a finished one divided by their number."""

    score: float
    tokens: tuple[int, ...]


def greedy_search(decoder: NextToken[State], *, start: int, end: int, most: int) -> list[int]:
    """The likeliest token each time, without `start` and `end`, at most `most`."""
    import numpy as np

    tokens = [start]
    state: State | None = None
    while len(tokens) <= most:
        logits, state = decoder.scores(np.array([tokens], dtype=np.int64), state)
        token = int(logits[0].argmax())
        if token == end:
            break
        tokens.append(token)
    return tokens[1:]


def beam_search(decoder: NextToken[State], *, start: int, end: int, most: int, beams: int) -> list[int]:
    """The best of many sentences that are followed at once; without `start` and `end`, at most `most` tokens.

    Sentences compete by mean log probability.  The search is over when `beams` of them are finished and the best of
    those that go on is no better than the worst of these: what follows could only be worse, if not quite surely.
    """
    import numpy as np

    running = [Sentence(0.0, ())]
    finished: list[Sentence] = []
    state: State | None = None
    for count in range(1, most + 1):
        tokens = np.array([(start, *sentence.tokens) for sentence in running], dtype=np.int64)
        logits, state = decoder.scores(tokens, state)
        totals = _log_softmax(logits) + np.array([[sentence.score] for sentence in running])
        going: list[tuple[int, Sentence]] = []
        for rank, (row, token) in enumerate(_best(totals, 2 * beams)):
            longer = Sentence(float(totals[row, token]), (*running[row].tokens, token))
            if token == end or count == most:
                # Others further down only fill up the beams; they are not good enough to be an answer.
                if rank < beams:
                    finished.append(Sentence(longer.score / count, longer.tokens))
            elif len(going) < beams:
                going.append((row, longer))
        finished = sorted(finished, key=lambda sentence: -sentence.score)[:beams]
        if not going or (len(finished) == beams and going[0][1].score / count <= finished[-1].score):
            break
        state = decoder.rows(state, [row for row, _ in going])
        running = [sentence for _, sentence in going]
    return [token for token in finished[0].tokens if token != end] if finished else []


def _best(totals: NDArray[np.float64], count: int) -> list[tuple[int, int]]:
    """(row, token) of the highest, the highest first."""
    import numpy as np

    flat = totals.ravel()
    count = min(count, flat.size)
    some = np.argpartition(-flat, count - 1)[:count]
    order = some[np.lexsort((some, -flat[some]))]
    return [divmod(int(index), totals.shape[1]) for index in order]


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    import numpy as np

    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    lowered: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return lowered
