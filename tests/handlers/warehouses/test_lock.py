import os
import threading
from pathlib import Path

import pytest

from handlers.errors import WarehouseError
from handlers.warehouses.lock import writer_lock


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    with (
        writer_lock(tmp_path / "lock", 0),
        pytest.raises(WarehouseError, match=f"by process {os.getpid()}"),
        writer_lock(tmp_path / "lock", 0),
    ):
        pass


def test_the_second_waits_until_the_first_is_done(tmp_path: Path) -> None:
    order: list[str] = []
    held = threading.Event()

    def first() -> None:
        with writer_lock(tmp_path / "lock", 0):
            held.set()
            threading.Event().wait(0.3)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert held.wait(5)
    with writer_lock(tmp_path / "lock", 10):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_it_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writer_lock(tmp_path / "lock", 0):
        raise ZeroDivisionError
    with writer_lock(tmp_path / "lock", 0):
        pass
