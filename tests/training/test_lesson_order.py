"""Which rows go through the model together."""

import numpy as np

from training.lesson_order import plan

LENGTHS = [int(length) for length in np.random.default_rng(0).integers(5, 200, 100)]


def test_an_epoch_sees_every_row_once() -> None:
    assert sorted(plan(LENGTHS, epochs=1, batch=4)) == list(range(100))


def test_three_epochs_see_every_row_three_times() -> None:
    assert sorted(plan(LENGTHS, epochs=3, batch=4)) == sorted([*range(100)] * 3)


def test_rows_of_like_length_go_together() -> None:
    def padded(alike: bool) -> int:
        order = plan(LENGTHS, epochs=1, batch=4, alike=alike)
        return sum(4 * max(LENGTHS[row] for row in order[i : i + 4]) for i in range(0, 100, 4))

    assert padded(True) < 1.15 * sum(LENGTHS) < padded(False)


def test_every_batch_is_full_also_where_the_rows_are_fewer() -> None:
    assert len(plan([7, 8, 9], epochs=1, batch=8)) == 8
    assert len(plan(LENGTHS, epochs=9, batch=8, steps=5)) == 40


def test_a_seed_repeats_it() -> None:
    assert plan(LENGTHS, epochs=2, batch=4, seed=1) == plan(LENGTHS, epochs=2, batch=4, seed=1)
    assert plan(LENGTHS, epochs=2, batch=4, seed=1) != plan(LENGTHS, epochs=2, batch=4, seed=2)
