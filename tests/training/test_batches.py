import numpy as np

from training.batches import collate, epoch_batches
from training.rendering import IGNORE, Rendered

LENGTHS = [[5, 9, 7, 100, 12] * 20, [30, 31] * 10]


def batches(*, seed: int = 0, epoch: int = 0, repeats: tuple[float, float] = (1.0, 1.0)) -> list[list[int]]:
    found = epoch_batches(LENGTHS, repeats, batch_tokens=128, seed=seed, epoch=epoch)
    return [batch.tolist() for batch in found]


def test_every_example_is_seen_once_an_epoch() -> None:
    assert sorted(i for batch in batches() for i in batch) == list(range(120))


def test_a_source_is_seen_as_often_as_it_is_repeated() -> None:
    seen = [i for batch in batches(repeats=(2.0, 0.5)) for i in batch]

    assert sorted(i for i in seen if i < 100) == sorted([*range(100)] * 2)
    assert len([i for i in seen if i >= 100]) == len({i for i in seen if i >= 100}) == 10


def test_no_batch_holds_more_tokens_than_allowed() -> None:
    lengths = [*LENGTHS[0], *LENGTHS[1]]

    assert all(len(batch) * max(lengths[i] for i in batch) <= 128 for batch in batches())


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    assert batches() == batches()
    assert batches() != batches(epoch=1)
    assert batches() != batches(seed=1)


def test_labels_are_what_comes_next_and_padding_is_not_learned() -> None:
    long = Rendered(np.array([1, 2, 3, 4], dtype=np.int32), np.array([IGNORE, IGNORE, 3, 4], dtype=np.int32))
    short = Rendered(np.array([5, 6], dtype=np.int32), np.array([IGNORE, 6], dtype=np.int32))

    ids, labels = collate([long, short], pad=0)

    assert ids.tolist() == [[1, 2, 3], [5, 6, 0]]
    assert labels.tolist() == [[IGNORE, 3, 4], [6, IGNORE, IGNORE]]
