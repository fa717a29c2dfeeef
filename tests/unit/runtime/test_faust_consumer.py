"""A partition without a commit goes back to its beginning, as others go back to their commit."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError

from runtime.faust_consumer import SteadyConsumer


class Thread:
    """Stands for the thread in which Faust's consumer runs."""

    def __init__(self, committed: dict[TopicPartition, int | None], taken: bool = False) -> None:
        self.committed, self.taken = committed, taken
        self.begun: set[TopicPartition] = set()

    async def seek_to_committed(self) -> dict[TopicPartition, int | None]:
        return self.committed

    async def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        if self.taken:
            raise IllegalStateError("not assigned")
        self.begun = set(partitions)


@pytest.mark.parametrize("taken", [False, True])
async def test_what_has_no_commit_begins_anew(taken: bool) -> None:
    one, two, three = (TopicPartition("t", number) for number in range(3))
    thread = Thread({one: None, two: 5, three: 0}, taken)
    consumer = SteadyConsumer.__new__(SteadyConsumer)
    consumer._thread = thread

    assert await consumer.seek_to_committed() == thread.committed
    assert thread.begun == (set() if taken else {one, three})
