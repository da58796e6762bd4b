"""A locked package with a known vulnerability fails the audit, unless it is accepted for now."""

from datetime import date
from pathlib import Path

import pytest

from tests.fakes.json_server import Answer, Request, json_server
from tools import audit
from tools.audit import Accepted, Vulnerability, accepted, by_package, unaccepted
from tools.licences import Pinned

GOOD, BAD = Pinned("good", "1.0"), Pinned("bad", "2.1")
FOUND = Vulnerability(BAD, "GHSA-1", ("demo",))
TODAY = date(2026, 11, 21)


def osv(request: Request) -> Answer:
    """As the service answers: for each query a result, which is empty where nothing is known."""
    assert (request.method, request.path) == ("POST", "/v1/querybatch")
    results: list[dict[str, object]] = []
    for query in request.body["queries"]:
        assert query["package"]["ecosystem"] == "PyPI"
        is_bad = (query["package"]["name"], query["version"]) == (BAD.name, BAD.version)
        vulns = [{"id": "GHSA-1", "modified": "2026-01-01T00:00:00Z"}]
        results.append({"vulns": vulns} if is_bad else {})
    return Answer(200, {"results": results})


def test_what_the_service_knows_is_told_with_its_locks() -> None:
    with json_server(osv) as address:
        found = list(audit.known({GOOD: ("demo",), BAD: ("demo", "aws")}, address))
    assert [str(each) for each in found] == ["bad 2.1 (demo, aws): GHSA-1"]


def test_more_packages_than_one_request_takes_are_all_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit, "_AT_ONCE", 2)
    packages = {Pinned("good", f"1.{number}"): ("demo",) for number in range(4)} | {BAD: ("demo",)}
    with json_server(osv) as address:
        assert list(audit.known(packages, address)) == [FOUND]


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        (Accepted("GHSA-1", "bad", "Not used.", date(2026, 11, 22)), []),
        (Accepted("GHSA-1", "bad", "Not used.", TODAY), [FOUND]),
        (Accepted("GHSA-1", "other", "Not used.", date(2027, 1, 1)), [FOUND]),
        (Accepted("GHSA-2", "bad", "Not used.", date(2027, 1, 1)), [FOUND]),
    ],
    ids=["until tomorrow", "until today", "of another package", "another one"],
)
def test_it_is_accepted_by_name_and_until_its_day(
    allowed: Accepted, left: list[Vulnerability]
) -> None:
    assert unaccepted([FOUND], [allowed], TODAY) == left


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503, "busy"),
        Answer(200, "no JSON"),
        Answer(200, {"other": []}),
        Answer(200, {"results": []}),
    ],
    ids=["busy", "no JSON", "another form", "too few answers"],
)
def test_a_service_that_does_not_answer_is_not_a_clean_audit(
    answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    with json_server(lambda _: answer) as address:
        assert audit.main(["--service", address]) == 2
        assert address in capsys.readouterr().err


def test_an_unaccepted_one_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def packages(_: Path) -> dict[Pinned, tuple[str, ...]]:
        return {GOOD: ("demo",), BAD: ("demo",)}

    monkeypatch.setattr(audit, "by_package", packages)
    with json_server(osv) as address:
        assert audit.main(["--service", address]) == 1
    said = capsys.readouterr().out
    assert "bad 2.1 (demo): GHSA-1" in said
    assert "2 locked packages, 1 known vulnerabilities, 0 of them accepted" in said


def test_every_lock_is_asked_about_and_what_is_accepted_can_be_read(root: Path) -> None:
    packages = by_package(root)
    names = {name for found in packages.values() for name in found}
    assert {"demo", "dev", "google", "aws", "azure"} <= names
    assert all(each.reason.endswith(".") for each in accepted())
