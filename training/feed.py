"""The batches of every step, from a run's place on: made ahead by a thread, while the step before is computed."""

from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from training.batches import Batch
from training.config import PretrainConfig
from training.corpus import Corpus, Planned
from training.ranks import Ranks


@dataclass(frozen=True, slots=True)
class StepBatches:
    """This process's batches of a step, and the place in the data after it: epoch, and batches taken of it."""

    batches: list[Batch]
    epoch: int
    batch: int


def feed(
    config: PretrainConfig, corpus: Corpus, ranks: Ranks, *, stage: int, epoch: int, batch: int
) -> Generator[StepBatches]:
    """The steps of a stage without end. Close it (it is a generator) to end its thread."""
    steps = _plan(config, corpus, ranks, stage=stage, epoch=epoch, batch=batch)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches") as pool:

        def make() -> StepBatches:
            mine, epoch, batch = next(steps)
            return StepBatches([corpus.collate(stage, planned) for planned in mine], epoch, batch)

        coming: Future[StepBatches] = pool.submit(make)
        while True:
            ready = coming.result()
            coming = pool.submit(make)
            yield ready


def _plan(
    config: PretrainConfig, corpus: Corpus, ranks: Ranks, *, stage: int, epoch: int, batch: int
) -> Iterator[tuple[list[Planned], int, int]]:
    """(this process's batches, epoch, batches taken of it) of every step; a step may reach into the next epoch."""
    order = corpus.order(stage, epoch)
    while True:
        mine = []
        for turn in range(config.accumulate * ranks.world):
            if batch == len(order):
                epoch, batch = epoch + 1, 0
                order = corpus.order(stage, epoch)
            if turn % ranks.world == ranks.rank:
                mine.append(order[batch])
            batch += 1
        yield mine, epoch, batch
