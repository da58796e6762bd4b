"""Pages that are made from what they describe say what it says today."""

from tools import configuration, identities


def test_the_configuration_reference_says_what_pulumi_yaml_says() -> None:
    page = configuration.TARGET.read_text(encoding="utf-8")
    assert page == configuration.reference(), "python -m tools.configuration"


def test_the_table_of_identities_says_what_the_program_registers() -> None:
    page = identities.TARGET.read_text(encoding="utf-8")
    assert page == identities.page(), "python -m tools.identities"
