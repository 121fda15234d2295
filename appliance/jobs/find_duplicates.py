"""Find pictures that show the same: equal bytes, copies, and sequences; only what is new is compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.library import duplicate_groups, duplicate_models, duplicate_search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress
    from ml.duplicates.looks import Looks

LOOK_AT_ONCE = 100
READ_AT_ONCE = 5000
WRITE_AT_ONCE = 500
#: So many new ones are compared with everything at one time: a pause or a kill loses no more than that.
COMPARE_AT_ONCE = 20_000
ASK_AT_ONCE = 1000
TIMEOUT_S = 3600.0


def look_at(thumbnails: Sequence[bytes]) -> list[Looks | None]:
    """In the compute process."""
    from ml.duplicates.looks import looks_of

    return looks_of(thumbnails)


def compare(bits: bytes, files: Sequence[int], new: Sequence[bool]) -> list[tuple[int, int, int]]:
    """In the compute process; 100,000 files are 3 MB."""
    from ml.duplicates.search import near_pairs

    return near_pairs(bits, files, new, within=duplicate_search.MAYBE)


def least_cosine(sample: bytes, dimensions: int) -> float | None:
    """In the compute process."""
    from ml.duplicates.similarity import unusual_cosine

    return unusual_cosine(sample, dimensions=dimensions)


def are_alike(vectors: bytes, pairs: Sequence[tuple[int, int]], dimensions: int, least: float) -> list[bool]:
    """In the compute process."""
    from ml.duplicates.similarity import cosines

    return [cosine >= least for cosine in cosines(vectors, pairs, dimensions=dimensions)]


class FindDuplicates:
    name = "find_duplicates"
    title = "Find duplicates"

    def interval_s(self, settings: Settings) -> float | None:
        return 24 * 3600

    async def run(self, home: Home, progress: Progress, *, quick: bool = False) -> dict[str, Any]:
        """quick: asked for because something changed; the same work."""
        looked = await self._look(home, progress)
        pairs = await self._compare(home, progress)
        pairs += await self._ask_model(home, progress)
        groups = await self._group(home)
        return {"looked": looked, "pairs": pairs, "groups": groups}

    async def _look(self, home: Home, progress: Progress) -> int:
        total = await duplicate_search.count_without_looks(home.db)
        done, after = 0, ""
        while rows := await duplicate_search.without_looks(home.db, after, LOOK_AT_ONCE):
            looks = await home.compute.run(look_at, [row["webp"] for row in rows])
            await duplicate_search.keep_looks(home.db, rows, looks)
            done, after = done + len(rows), str(rows[-1]["id"])
            progress.update(done, max(done, total))
            await progress.check_in()
        return done

    async def _compare(self, home: Home, progress: Progress) -> int:
        found = 0
        while await duplicate_search.anything_new(home.db):
            known = duplicate_search.Known(bytearray(), [], [])
            after = 0
            while after := await duplicate_search.read_known(home.db, known, after, READ_AT_ONCE):
                await progress.check_in()
            new = _some(known)
            pairs = await home.compute.run(compare, bytes(known.bits), known.files, known.new, timeout_s=TIMEOUT_S)
            for start in range(0, len(pairs), WRITE_AT_ONCE):
                await progress.check_in()
                found += await duplicate_search.keep_pairs(home.db, pairs[start : start + WRITE_AT_ONCE])
                progress.update(start, len(pairs))
            await duplicate_search.note_compared(home.db, new)
        return found

    async def _ask_model(self, home: Home, progress: Progress) -> int:
        """Without an embedding model, or with too few embeddings yet, there is nothing to ask."""
        model = await duplicate_models.model_in_use(home.db)
        if model is None:
            return 0
        questions, last = await duplicate_models.unsure_pairs(home.db, model, 0, ASK_AT_ONCE)
        folders = await duplicate_models.folders_to_look_through(home.db, model)
        if not questions and not folders:
            return 0
        sample = await duplicate_models.read_sample(home.db, model)
        least = await home.compute.run(least_cosine, sample, model.dimensions)
        if least is None:
            return 0
        found = 0
        while questions:
            said = await self._ask(home, model, questions, least)
            await duplicate_models.keep_answers(home.db, model, questions, said)
            found += sum(said)
            await progress.check_in()
            questions, last = await duplicate_models.unsure_pairs(home.db, model, last, ASK_AT_ONCE)
        for done, (library, folder) in enumerate(folders):
            questions, files = await duplicate_models.beside_each_other(home.db, model, library, folder)
            said = []
            for start in range(0, len(questions), ASK_AT_ONCE):
                await progress.check_in()
                said += await self._ask(home, model, questions[start : start + ASK_AT_ONCE], least)
            found += await duplicate_models.keep_sequences(home.db, model, questions, said, files)
            progress.update(done + 1, len(folders))
        await duplicate_models.forget_other_models(home.db, model)
        return found

    async def _ask(
        self,
        home: Home,
        model: duplicate_models.Model,
        questions: Sequence[duplicate_models.Question],
        least: float,
    ) -> list[bool]:
        files = sorted({file for question in questions for file in (question.file, question.other)})
        vectors = await duplicate_models.read_vectors(home.db, model, files)
        place = {file: number for number, file in enumerate(vectors)}
        known = [(place.get(question.file), place.get(question.other)) for question in questions]
        pairs = [(one, other) for one, other in known if one is not None and other is not None]
        answers = iter(
            await home.compute.run(are_alike, b"".join(vectors.values()), pairs, model.dimensions, least)
            if pairs
            else []
        )
        return [one is not None and other is not None and next(answers) for one, other in known]

    async def _group(self, home: Home) -> int:
        changed = 0
        for kind in ("copy", "sequence"):
            state = await duplicate_groups.read_state(home.db, kind)
            change = await home.compute.run(duplicate_groups.regrouped, state)
            for part in duplicate_groups.in_parts(change):
                async with home.db.write():
                    await duplicate_groups.write_change(home.db, kind, part)
            changed += len(change.gone) + len(change.new) + len({group for group, _ in change.left})
        return changed


def _some(known: duplicate_search.Known) -> set[int]:
    """Which new ones are compared now; the others are as if they were not there yet."""
    new = sorted({file for file, is_new in zip(known.files, known.new, strict=True) if is_new})
    if len(new) <= COMPARE_AT_ONCE:
        return set(new)
    chosen = set(new[:COMPARE_AT_ONCE])
    waiting = set(new[COMPARE_AT_ONCE:])
    size = len(known.bits) // len(known.files)
    kept = [place for place, file in enumerate(known.files) if file not in waiting]
    known.bits[:] = b"".join(bytes(known.bits[place * size : (place + 1) * size]) for place in kept)
    known.files[:] = [known.files[place] for place in kept]
    known.new[:] = [known.new[place] for place in kept]
    return chosen
