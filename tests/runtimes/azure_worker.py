"""Microsoft's worker library for Python 3.13 without its host: finds the functions and runs them.

The host's messages are protobufs; the library takes their classes from the request and uses them by
their attributes only, so plain objects do.
"""

import asyncio
import json
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from azure_functions_runtime import handle_event

Untyped: TypeAlias = Any
"""The library has no types, and takes what it is given by its attributes."""

library: Untyped = handle_event


class Message:
    """A protobuf by its attributes; what was not given is None.

    The library finds out by the class ``TypedData`` whether it has the classes or a message.
    """

    def __init__(self, **given: object) -> None:
        self.__dict__.update(given)

    def __getattr__(self, name: str) -> Untyped:
        if name.startswith("__") or name == "TypedData":
            raise AttributeError(name)
        return None

    def WhichOneof(self, _: str) -> str:  # noqa: N802 - protobuf's name
        return str(self.__dict__["which"])

    def HasField(self, name: str) -> bool:  # noqa: N802 - protobuf's name
        return name in self.__dict__


class _Classes:
    """The classes that the library makes its answers of."""

    def __getattr__(self, name: str) -> Untyped:
        if name.startswith("__"):
            raise AttributeError(name)
        made: Any = type(name, (Message,), {})
        if name == "StatusResult":
            made.Success, made.Failure = 1, 0
        if name == "BindingInfo":
            made.out, made.inout, made.undefined = 1, 2, 0
        setattr(self, name, made)
        return made


PROTOS: Untyped = _Classes()


@dataclass(frozen=True)
class Answer:
    """What the host is told of an invocation; ``error`` is empty where it succeeded."""

    error: str
    sent: Mapping[str, str]
    """What the function gave to its output bindings, by name."""


@dataclass(frozen=True)
class Worker:
    """A worker with the functions of one app; ``bindings`` by the function's name."""

    bindings: Mapping[str, Any]
    _ids: Mapping[str, str]

    @staticmethod
    def looked_for_in(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """As the host does, look for modules in ``folder`` first, until the test ends."""
        untyped: Untyped = monkeypatch
        untyped.syspath_prepend(folder)

    @classmethod
    def started(cls, folder: Path) -> "Worker":
        """The worker that the host starts for the app in ``folder``; says why if it can't.

        Raises:
            RuntimeError: it finds no functions.
        """
        sys.modules.pop("function_app", None)
        answer = _ask("worker_init_request", capabilities={}, function_app_directory=str(folder))
        if answer.result.status != PROTOS.StatusResult.Success:
            raise RuntimeError(answer.result.exception.message)
        found = _ask("functions_metadata_request").function_metadata_results
        return cls(
            {each.name: [json.loads(text) for text in each.raw_bindings] for each in found},
            {each.name: each.function_id for each in found},
        )

    def timer(self, name: str) -> Answer:
        """What the host does when the schedule says so."""
        said: dict[str, object] = {"IsPastDue": False, "Schedule": {}, "ScheduleStatus": {}}
        return self._invoke(name, "timer", _data(json=json.dumps(said)), {})

    def queue(self, name: str, message: str, attempt: int = 1) -> Answer:
        """What the host does with a message of the queue."""
        metadata = {
            "Id": _data(string="2070443601311540"),
            "DequeueCount": _data(string=str(attempt)),
        }
        return self._invoke(name, "message", _data(string=message), metadata)

    def _invoke(self, name: str, argument: str, data: Message, metadata: object) -> Answer:
        answer = _ask(
            "invocation_request",
            invocation_id="1",
            function_id=self._ids[name],
            input_data=[Message(name=argument, data=data, which="data")],
            trigger_metadata=metadata,
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
        )
        failed = answer.result.status != PROTOS.StatusResult.Success
        sent = {each.name: each.data.string for each in answer.output_data or ()}
        return Answer(str(answer.result.exception.message) if failed else "", sent)


def _data(**given: str) -> Message:
    ((which, value),) = given.items()
    return Message(which=which, **{which: value})


def _ask(kind: str, **given: object) -> Untyped:
    request = types.SimpleNamespace(
        request=types.SimpleNamespace(**{kind: Message(**given)}),
        properties={"host": "127.0.0.1", "protos": PROTOS},
    )
    ask: Untyped = getattr(library, kind)
    answer: Untyped = asyncio.run(ask(request))
    return answer
