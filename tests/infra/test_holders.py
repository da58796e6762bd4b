"""What ``forget`` says of how long a name is still held agrees with what the program makes."""

import tomllib
from pathlib import Path

from infra.azure import warehouse
from infra.gcp import shares, storage

DAY = 86_400


def test_the_terms_that_forget_names_are_those_of_the_program(root: Path) -> None:
    text = (root / "handlers" / "commands" / "holders.toml").read_text(encoding="utf-8")
    until = {each["what"]: each["until"] for each in tomllib.loads(text)["holder"]}

    def term(what: str) -> str:
        (found,) = (said for name, said in until.items() if name.startswith(what))
        return found

    azure = term("Azure SQL")
    assert azure.startswith(f"{warehouse.SHORT_TERM_DAYS} days;")
    assert (warehouse.WEEKLY, warehouse.MONTHLY, warehouse.YEARLY) == ("P6W", "P13M", "P7Y")
    assert "weekly backups 6 weeks, monthly ones 13 months, yearly ones 7 years" in azure
    site = term("earlier versions of the site data")
    assert f"{storage.SOFT_DELETE_SECONDS // DAY} days after that" in site
    assert f"{shares.SOFT_DELETE_SECONDS // DAY} days after that" in term("what the customer was")
