import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handlers.commands.site import site
from handlers.errors import SiteError, UsageError
from handlers.record import Cloud
from handlers.site import load_site


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACM_SITE", raising=False)


def run(*words: str) -> Result:
    return CliRunner().invoke(site, words)


def folder(path: str, **files: str) -> Path:
    Path(path).mkdir()
    for name, text in files.items():
        (Path(path) / f"{name}.csv").write_text(text, encoding="utf-8")
    return Path(path)


def test_check_counts_what_each_file_holds() -> None:
    folder("mine", customers="id\nacme\nglobex\n", rates="currency,month,rate\nEUR,2026-10,1\n")
    result = run("check", "--site", "mine")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "ok: mine",
        "  attribution.toml   4 customer keys, 2 project keys, 1 maps",
        "  customers.csv      2 rows",
        "  budgets.csv        0 rows",
        "  rates.csv          1 rows",
        "  invoices.csv       0 rows",
        "  events.csv         0 rows",
        "  shares.toml        0 customers get 9 columns",
        "  forgotten.toml     0 customers",
        "  catalog/           no rules of your own",
    ]


def test_check_fails_with_every_problem() -> None:
    folder("mine", customers="name\nacme\n", rates="currency\n")
    result = run("check", "--site", "mine")
    assert result.exit_code == 1
    assert isinstance(result.exception, SiteError)
    assert "ok" not in result.output
    assert [line.split(":")[0] for line in str(result.exception).splitlines()] == [
        "customers.csv, row 1",
        "rates.csv, row 1",
        "rates.csv, row 1",
    ]


def test_without_a_folder_the_shipped_defaults_are_named() -> None:
    assert run("check").output.startswith("ok: no site folder, the shipped defaults are in force")


def test_the_folder_called_site_or_named_by_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder("site", customers="id\nacme\n")
    assert run("check").output.startswith("ok: site\n")
    monkeypatch.setenv("ACM_SITE", str(folder("other").absolute()))
    assert run("check").output.startswith("ok: /")


def test_show_as_json_has_what_is_in_force_with_exact_amounts_and_digests() -> None:
    mine = folder(
        "mine",
        customers="id,aliases,to\nl🦙,L,2026-12-31\n",
        rates="currency,month,rate\nEUR,2026-09,0.852300000\nCHF,2026-01,1\n",
    )
    shown = json.loads(
        run("show", "--site", "mine", "--format", "json", "--month", "2026-10").output
    )
    assert shown["customers"] == [
        {
            "id": "l🦙",
            "name": "",
            "aliases": ["L"],
            "validity": {"first_day": None, "last_day": "2026-12-31"},
        }
    ]
    assert shown["rates_in_force"] == {
        "EUR": {"value": "0.852300000", "month": "2026-09-01", "provisional": True}
    }
    assert shown["attribution"]["maps"][0]["match"] == "resource_group"
    assert shown["digests"] == {
        cloud: load_site(mine).digest(cloud, date(2026, 10, 1)) for cloud in Cloud
    }


def test_show_prints_site_data_as_it_is_written() -> None:
    folder("mine", customers="id,aliases\n[bold]acme,[/x]|:smile:\n")
    result = run("show", "--site", "mine", "--month", "2026-10")
    assert result.exit_code == 0
    for part in ("[bold]acme", "[/x] | :smile:", "customer_id, customer", "Digests"):
        assert part in result.output


def test_show_refuses_a_month_that_is_none() -> None:
    result = run("show", "--month", "October")
    assert isinstance(result.exception, UsageError)


def test_example_writes_files_that_check_accepts() -> None:
    result = run("example", "new")
    assert result.exit_code == 0
    assert "wrote new/customers.csv" in result.output
    assert run("check", "--site", "new").exit_code == 0
    assert isinstance(run("example", "new").exception, UsageError)


def test_put_says_what_it_changed() -> None:
    folder("mine")
    folder("new", customers="id\nacme\n")
    result = run("put", "new", "--site", "mine")
    assert result.output.splitlines() == ["put mine/customers.csv", "In force with the next load."]
    assert run("put", "new/customers.csv", "--site", "mine").output == "Nothing to change.\n"


def test_put_refuses_what_is_not_valid() -> None:
    folder("mine", customers="id\nacme\n")
    folder("new", customers="nope")
    result = run("put", "new", "--site", "mine")
    assert result.exit_code == 1
    assert isinstance(result.exception, SiteError)
    assert (Path("mine") / "customers.csv").read_text(encoding="utf-8") == "id\nacme\n"


def test_put_without_a_site_folder_asks_for_one() -> None:
    folder("new", customers="id\nacme\n")
    result = run("put", "new")
    assert isinstance(result.exception, UsageError)
    assert "name one with --site or ACM_SITE" in str(result.exception)
