"""Fuzz targets that read what a network, a browser or a person says."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from dashboards.viewer.address import Address, read_address, write_address
from dashboards.viewer.model import Variable
from dashboards.viewer.times import read_range
from dashboards.viewer.variables import Option, choose, query_words
from handlers.errors import CostError
from handlers.messages import OPTIONS, Command, Run, parse
from handlers.runtimes.aws import command_of
from handlers.runtimes.push import read_envelope
from handlers.site import SITE_FILES, site_from
from handlers.warehouses.redshift.jobs import Batch, Jobs
from infra.reading import ConfigError
from infra.settings import KEYS, Settings
from tests.proof.fuzz.draw import Draw

_NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
_OPTIONS = sorted({option for options in OPTIONS.values() for option in options})
_MESSAGE_WORDS = (
    "run",
    *_OPTIONS,
    *Run,
    "aws",
    "azure",
    "gcp",
    "2026-01..2026-09",
    "2026-10",
    "9999-12..9999-12",
    "L1",
)
_EVENT_WORDS = (
    "source",
    "aws.s3",
    "detail",
    "bucket",
    "object",
    "name",
    "key",
    "export/metadata/BILLING_PERIOD=2026-10/export-Manifest.json",
    "export/20261301-20270101/export-Manifest.json",
)
_REPLY_WORDS = (
    "Id",
    "Status",
    "FINISHED",
    "STARTED",
    "FAILED",
    "Error",
    "SubStatements",
    "HasResultSet",
    "ColumnMetadata",
    "Records",
    "NextToken",
    "Statements",
    "StatementName",
    "CreatedAt",
    "name",
    "stringValue",
    "isNull",
    "longValue",
)
_ADDRESS_WORDS = (
    "from",
    "to",
    "theme",
    "viewPanel",
    "var-cloud_filter",
    "var-customer_filter",
    "$__all",
    "AWS",
    "now-30d/d",
    "now",
    "now-99999y/y",
    "now+99999M/Q",
    "999999999999999",
    "9999-12-31",
    "0001-01-01",
    "2026-02-30T10:00",
    "dark",
    "panel-7",
    "9" * 5000,
)
_SITE_WORDS = (
    "id,name,aliases",
    "acme,ACME,a|b",
    "currency,month,rate",
    "EUR,2026-10,0.9",
    "[[map]]",
    "match = 'account'",
    'value = "1"',
    "customer = '{1}'",
    "pattern = '(a+)+$'",
)
_OFFERED = (Option("AWS", "AWS"), Option("a'b\"c&d=e", "odd"), Option("0f3a", "acme"))
_FILTER = Variable("cloud_filter", "Cloud", (), "", ())


def messages(data: bytes) -> None:
    """A message is refused with a reason, or becomes a command that says all it said."""
    draw = Draw(data)
    message = draw.json(_MESSAGE_WORDS, {"run": draw.one_of(tuple(Run))})
    try:
        command = parse(message)
    except CostError:
        return
    said: dict[str, Any] = json.loads(message)
    assert command.run == said["run"]
    assert set(said) == {"run", *_said_again(command, said)}, said


def _said_again(command: Command, said: dict[str, Any]) -> set[str]:
    """The keys of a message that its command holds, or that are at their defaults."""
    kept = {"by", "reason"} if command.decision else set[str]()
    kept |= {"accept" if command.decision.accepted else "reject"} if command.decision else kept
    kept |= {"cloud"} if command.cloud else kept
    kept |= {"period"} if command.periods else kept
    flags = {"reclassify", "from_archive", "quarantine"}
    return kept | {flag for flag in flags & set(said) if getattr(command, flag) is said[flag]}


def events(data: bytes) -> None:
    """What Pub/Sub pushes and what EventBridge sends is a command, or is refused."""
    draw = Draw(data)
    if draw.flag():
        body = draw.json(("message", "data", "messageId", "deliveryAttempt", "e30="), {})
        try:
            parse(read_envelope(body).data)
        except CostError:
            return
    event = draw.mapping((*_EVENT_WORDS, *_MESSAGE_WORDS))
    if draw.byte() % 3:
        event["source"] = "aws.s3"
    scope = SimpleNamespace(scopes=(), job="aws")
    try:
        command_of(event, cast(Any, scope))
    except CostError:
        return


class _Replies:
    """A client of the Data API whose answers are drawn."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - boto3's methods are made like this
        def answer(**_: object) -> dict[str, object]:
            return self._reply(name)

        return answer

    def _reply(self, name: str) -> dict[str, object]:
        right: dict[str, dict[str, object]] = {
            "execute_statement": {"Id": "1"},
            "batch_execute_statement": {"Id": "1"},
            "describe_statement": {"Id": "1", "Status": "FINISHED", "HasResultSet": True},
            "list_statements": {"Statements": []},
            "get_statement_result": {
                "ColumnMetadata": [{"name": "a"}, {"name": "b"}],
                "Records": [[{"stringValue": "x"}, {"isNull": True}]],
            },
        }
        answer = dict(right[name])
        for _ in range(self._draw.byte() % 3):
            answer[self._draw.one_of(_REPLY_WORDS)] = self._draw.value(_REPLY_WORDS)
        if self._draw.byte() % 8 == 0:
            answer.pop(self._draw.one_of(_REPLY_WORDS), None)
        return answer


def data_api_replies(data: bytes) -> None:
    """Whatever the Data API answers: rows of the columns that it names, or a refusal."""
    draw = Draw(data)
    ticks = iter(range(10_000))
    jobs = Jobs(
        client=_Replies(draw),
        workgroup="w",
        database="d",
        remaining=lambda: 50.0,
        clock=lambda: float(next(ticks)),
        sleep=lambda _: None,
    )
    batch = Batch(("SELECT 1",), {})
    try:
        if draw.flag():
            jobs.run("replace", batch, "replace_1")
            jobs.end("replace", "replace_1")
        else:
            jobs.rows("asking", batch)
    except CostError:
        return


def addresses(data: bytes) -> None:
    """Whatever stands in an address of the viewer: choices that are offered, or the default."""
    draw = Draw(data)
    words = [
        (draw.one_of(_ADDRESS_WORDS) if draw.byte() % 4 else draw.text(), _value(draw))
        for _ in range(draw.byte() % 8)
    ]
    address = read_address(words)
    wanted = address.variables.get("cloud_filter", ())
    choice, refused = choose(_FILTER, _OFFERED, wanted)
    assert set(choice.values) <= {option.value for option in _OFFERED}
    assert "$__all" in wanted or {*choice.values, *refused} == set(wanted)
    _comes_back(address, {"cloud_filter": choice})
    try:
        chosen = read_range(address.since or "now-1d", address.until or "now", _NOW)
    except ValueError:  # a view shows it as a notice
        return
    assert chosen.start <= chosen.end


def _value(draw: Draw) -> str:
    return draw.one_of((*_ADDRESS_WORDS, *(option.value for option in _OFFERED), draw.text()))


def _comes_back(address: Address, choices: dict[str, Any]) -> None:
    """What is written into an address is read from it again."""
    url = write_address("uid", query_words(choices), theme=address.theme, panel=address.panel)
    again = read_address(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    values = choices["cloud_filter"].values or ("$__all",)
    assert again.variables == {"cloud_filter": values}
    assert (again.theme, again.panel or None) == (address.theme, address.panel or None)


def configuration(data: bytes) -> None:
    """A stack's configuration is read, or every mistake is told at once with its remedy."""
    draw = Draw(data)
    words = (*KEYS, "aws", "azure", "gcp", "id", "role", "adopt", "true", "2", "EU", "some-project")
    values = {
        (draw.one_of(tuple(KEYS)) if draw.byte() % 6 else draw.text()): _setting(draw, words)
        for _ in range(draw.byte() % 12)
    }
    try:
        Settings.read("prod", values, None)
    except ConfigError as error:
        mistakes = error.mistakes
    else:
        return
    assert mistakes
    assert all(mistake.remedy for mistake in mistakes)


def _setting(draw: Draw, words: tuple[str, ...]) -> str:
    value = draw.value(words)
    return value if isinstance(value, str) else json.dumps(value)


def site_files(data: bytes) -> None:
    """The site's files are read, or each problem is told."""
    draw = Draw(data)
    contents = {draw.one_of(tuple(SITE_FILES)): _lines(draw) for _ in range(1 + draw.byte() % 3)}
    with suppress(CostError):
        site_from(contents)


def _lines(draw: Draw) -> bytes:
    if draw.byte() % 4 == 0:
        return draw.rest()
    lines = draw.some(lambda: draw.one_of(_SITE_WORDS) if draw.byte() % 3 else draw.text())
    return "\n".join(lines).encode("utf-8", "surrogatepass")
