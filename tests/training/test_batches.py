import numpy as np

from training.batches import collate, epoch_batches
from training.rendering import IGNORE, Rendered

LENGTHS = [[5, 9, 7, 100, 12] * 20, [30, 31] * 10]


def batches(
    *, seed: int = 0, repeats: tuple[float, float] = (1.0, 1.0), row_tokens: tuple[int, ...] = (32, 128)
) -> list[tuple[int, list[list[int]]]]:
    return epoch_batches(LENGTHS, repeats, row_tokens=row_tokens, batch_tokens=256, seed=(seed, 0))


def documents(found: list[tuple[int, list[list[int]]]]) -> list[int]:
    return [document for _, rows in found for row in rows for document in row]


def rendered(*ids: int, given: int = 0) -> Rendered:
    return Rendered(np.array(ids, dtype=np.int32), np.arange(len(ids)) >= given)


def test_every_document_is_seen_once_an_epoch() -> None:
    assert sorted(documents(batches())) == list(range(120))


def test_a_source_is_seen_as_often_as_it_is_repeated() -> None:
    seen = documents(batches(repeats=(2.0, 0.5)))

    assert sorted(i for i in seen if i < 100) == sorted([*range(100)] * 2)
    assert len([i for i in seen if i >= 100]) == len({i for i in seen if i >= 100}) == 10


def test_no_row_is_overfull_and_no_batch_has_more_rows_than_allowed() -> None:
    lengths = [*LENGTHS[0], *LENGTHS[1]]

    for width, rows in batches():
        assert len(rows) <= 256 // width
        assert all(sum(lengths[i] - 1 for i in row) <= width for row in rows)


def test_documents_go_into_the_shortest_rows_that_hold_them() -> None:
    lengths = [*LENGTHS[0], *LENGTHS[1]]

    assert {width for width, rows in batches() for row in rows for i in row if lengths[i] == 100} == {128}
    assert {width for width, rows in batches() for row in rows for i in row if lengths[i] < 33} == {32}


def test_rows_are_packed_full() -> None:
    found = batches(row_tokens=(128,))

    used = sum([*LENGTHS[0], *LENGTHS[1]]) - 120
    assert used / sum(width * len(rows) for width, rows in found) > 0.95


def test_the_order_depends_on_the_seed_alone() -> None:
    assert batches() == batches()
    assert batches() != batches(seed=1)


def test_targets_are_what_comes_next_within_a_document() -> None:
    batch = collate([rendered(1, 2, 3, 4), rendered(5, 6)], [[0, 1]], shape=(2, 5), prompt_weight=0)

    assert batch.input_ids.tolist() == [[1, 2, 3, 5, 0], [0] * 5]
    assert batch.targets.tolist() == [[2, 3, 4, 6, IGNORE], [IGNORE] * 5]
    assert batch.positions.tolist() == [[0, 1, 2, 0, 0], [0] * 5]
    assert batch.documents.tolist() == [[1, 1, 1, 2, 0], [0] * 5]
    assert batch.tokens == 4


def test_prompts_count_as_much_as_the_stage_says() -> None:
    documents = [rendered(1, 2, 3, 4, given=3)]

    nothing = collate(documents, [[0]], shape=(1, 3), prompt_weight=0)
    little = collate(documents, [[0]], shape=(1, 3), prompt_weight=0.25)

    assert nothing.targets.tolist() == [[IGNORE, IGNORE, 4]]
    assert little.targets.tolist() == [[2, 3, 4]]
    assert (nothing.weights.tolist(), little.weights.tolist()) == ([[0, 0, 1]], [[0.25, 0.25, 1]])
