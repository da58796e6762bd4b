"""A run over tasks: none keeps another from being done, none is started without time."""

from collections.abc import Callable

from handlers.errors import WarehouseError
from handlers.load.collecting import Failure, Task, load_all
from handlers.load.load import Loaded, Outcome
from handlers.warehouses import Superseded


class Told:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def starts(self, task: Task) -> None:
        self.words.append(f"starts {task.bill}")

    def loaded(self, task: Task, loaded: Loaded) -> None:
        self.words.append(f"{task.bill} {loaded.outcome}")

    def failed(self, failure: Failure, load_id: str) -> None:
        self.words.append(f"{failure.bill} failed as {load_id}: {failure.error}")


def does(name: str, *results: Exception | None) -> Task:
    """A task that does so each time it is called."""
    left = list(results)

    def load() -> Loaded:
        result = left.pop(0)
        if result is not None:
            raise result
        return Loaded(name, Outcome.LOADED, None)

    return Task(name, f"L{name}", load)


def always() -> bool:
    return True


def times(count: int) -> Callable[[], bool]:
    left = [True] * count
    return lambda: bool(left) and left.pop()


def test_a_task_that_fails_keeps_no_other_from_being_done() -> None:
    told = Told()
    tasks = [does("a", None), does("b", WarehouseError("away")), does("c", None)]
    done = load_all(tasks, told, always)
    assert [loaded.bill for loaded in done.outcomes] == ["a", "c"]
    assert [failure.bill for failure in done.failures] == ["b"]
    assert told.words == [
        *("starts a", "a loaded", "starts b", "b failed as Lb: away", "starts c", "c loaded")
    ]


def test_what_there_is_no_time_for_is_left_in_order() -> None:
    done = load_all([does(name, None) for name in "abcd"], Told(), times(2))
    assert [loaded.bill for loaded in done.outcomes] == ["a", "b"]
    assert done.left == ["c", "d"]


def test_a_load_that_another_run_has_overtaken_is_decided_anew() -> None:
    done = load_all([does("a", Superseded("overtaken"), None)], Told(), always)
    assert ([loaded.bill for loaded in done.outcomes], done.failures) == (["a"], [])
    twice = load_all([does("a", Superseded("1"), Superseded("2"))], Told(), always)
    assert [str(failure.error) for failure in twice.failures] == ["2"]
