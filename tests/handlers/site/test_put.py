import os
from pathlib import Path

import pytest

from handlers.errors import SiteError, UsageError
from handlers.site import load_site
from handlers.site.put import put_site


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {each.name: each.read_text(encoding="utf-8") for each in folder.iterdir()}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    customers = "id,aliases\nacme,ACME\n"
    return write(tmp_path / "site", customers=customers, rates="currency,month,rate\n")


def test_a_folder_is_merged_into_the_site(site: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "new", customers="id\nglobex\n", events="date\n2026-10-01\n")
    assert put_site(source, site) == ("customers.csv", "events.csv")
    assert contents(site) == {
        "customers.csv": "id\nglobex\n",
        "events.csv": "date\n2026-10-01\n",
        "rates.csv": "currency,month,rate\n",
    }


def test_one_file_is_put_under_its_own_name(site: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "new", customers="id\nglobex\n", events="not,valid")
    assert put_site(source / "customers.csv", site) == ("customers.csv",)
    assert [each.id for each in load_site(site).customers] == ["globex"]
    assert not (site / "events.csv").exists()


def test_rules_of_a_cloud_go_to_the_catalog_folder(site: Path, tmp_path: Path) -> None:
    (tmp_path / "aws.toml").write_text("# mine", encoding="utf-8")
    assert put_site(tmp_path / "aws.toml", site) == ("catalog/aws.toml",)
    assert (site / "catalog/aws.toml").read_text(encoding="utf-8") == "# mine"


def test_a_new_site_folder_is_made(tmp_path: Path) -> None:
    source = write(tmp_path / "new", customers="id\nglobex\n")
    assert put_site(source, tmp_path / "a/site") == ("customers.csv",)
    assert contents(tmp_path / "a/site") == {"customers.csv": "id\nglobex\n"}


def test_what_is_there_already_is_not_written_again(site: Path) -> None:
    before = (site / "customers.csv").stat().st_ino
    assert put_site(site / "customers.csv", site) == ()
    assert (site / "customers.csv").stat().st_ino == before


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("customers", "name\nx\n", "customers.csv, row 1: found no column 'id'"),
        # Valid by itself, but not together with the customers that are there.
        (
            "budgets",
            "scope,id,month,amount_usd\ncustomer,ACME,*,5\n",
            "'ACME', an alias of 'acme'",
        ),
        ("custommers", "id\nx\n", "'custommers.csv': found a file the site does not know"),
    ],
)
def test_what_is_not_valid_with_the_rest_changes_nothing(
    site: Path, tmp_path: Path, name: str, text: str, found: str
) -> None:
    source = write(tmp_path / "new", **{name: text, "events": "date\n2026-10-01\n"})
    before = contents(site)
    for put in (source, source / f"{name}.csv"):
        with pytest.raises(SiteError) as error:
            put_site(put, site)
        assert found in str(error.value)
    assert contents(site) == before


def test_a_site_that_is_not_valid_is_mended_by_putting_the_right_file(
    site: Path, tmp_path: Path
) -> None:
    write(site, customers="broken")
    put_site(write(tmp_path / "new", customers="id\nacme\n"), site)
    assert [each.id for each in load_site(site).customers] == ["acme"]


def test_a_source_without_site_files_says_which_there_are(site: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with pytest.raises(UsageError, match=r"has no site file. Allowed: attribution.toml, "):
        put_site(tmp_path / "new", site)


def test_a_source_that_is_not_there_is_refused(site: Path, tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"rates.csv: found a file that can't be read \(No such"):
        put_site(tmp_path / "rates.csv", site)


def test_a_disk_that_refuses_leaves_the_site_as_it_was(site: Path, tmp_path: Path) -> None:
    # A folder in the way of the second file stands in for a full disk.
    source = write(tmp_path / "new", customers="id\nglobex\n", events="date\n2026-10-01\n")
    in_the_way = site / f".events.csv.{os.getpid()}.new"
    in_the_way.mkdir()
    with pytest.raises(SiteError, match="the site's files can't be written"):
        put_site(source, site)
    in_the_way.rmdir()
    assert contents(site) == {
        "customers.csv": "id,aliases\nacme,ACME\n",
        "rates.csv": "currency,month,rate\n",
    }
