from datetime import date

import pytest

from handlers.errors import SiteError
from handlers.record import Cloud
from handlers.site import Attribution, AttributionMap, MatchOn, Validity, load_site, site_from

RESOURCE_GROUPS = r"^rg-customer-([a-z0-9]+)(?:-|$)"


def attribution(text: str) -> Attribution:
    return site_from({"attribution.toml": text.encode()}).attribution


def problems(text: str | bytes) -> list[str]:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(SiteError) as error:
        site_from({"attribution.toml": content})
    return str(error.value).split("\n")


def test_the_shipped_attribution_reads_customer_tags_and_resource_groups() -> None:
    shipped = load_site(None).attribution
    assert shipped.customer_keys == ("customer_id", "customer", "customerid", "tenant")
    assert shipped.project_keys == ("project_id", "project")
    assert [(each.match, each.regex) for each in shipped.maps] == [
        (MatchOn.RESOURCE_GROUP, RESOURCE_GROUPS)
    ]


def test_a_key_that_the_file_does_not_have_is_the_shipped_one() -> None:
    shipped = load_site(None).attribution
    assert attribution("") == shipped
    own = attribution('project_keys = ["team"]')
    assert own == Attribution(shipped.customer_keys, ("team",), shipped.maps)


def test_an_empty_list_switches_the_shipped_one_off() -> None:
    assert attribution("customer_keys = []\nproject_keys = []\nmap = []") == Attribution((), (), ())


def test_tag_keys_are_trimmed_and_have_no_case() -> None:
    assert attribution('customer_keys = [" Customer_ID ", "Ünit"]').customer_keys == (
        "customer_id",
        "ünit",
    )


def test_maps_keep_their_order_and_all_they_say() -> None:
    text = """
        [[map]]
        match = "resource"
        exact = " arn:aws:bedrock:1 "
        customer = "acme "
        cloud = "AWS"
        from = 2026-09-01
        to = 2026-09-30
        [[map]]
        match = "project"
        regex = '^llm-(?P<customer>[a-z]+)-(?:prod|test)$'
    """
    days = Validity(date(2026, 9, 1), date(2026, 9, 30))
    assert attribution(text).maps == (
        AttributionMap(1, MatchOn.RESOURCE, "arn:aws:bedrock:1", None, "acme", Cloud.AWS, days),
        AttributionMap(
            2,
            MatchOn.PROJECT,
            None,
            "^llm-(?P<customer>[a-z]+)-(?:prod|test)$",
            None,
            None,
            Validity(),
        ),
    )


@pytest.mark.parametrize(
    ("text", "key", "found", "remedy"),
    [
        ('customer_key = ["a"]', "", "the unknown key 'customer_key'", "'customer_keys'?"),
        ('[["map "]]\n', "", "the unknown key 'map '", "did you mean 'map'?"),
        ('customer_keys = "a"', "customer_keys", "'a'", "[brackets]"),
        ("customer_keys = [1]", "customer_keys[1]", "1", "correct or delete"),
        ("customer_keys = [true]", "customer_keys[1]", "true", "correct or delete"),
        ("customer_keys = [[]]", "customer_keys[1]", "a list", "correct or delete"),
        ('customer_keys = ["a", " "]', "customer_keys[2]", "nothing", "correct or delete"),
        ('customer_keys = ["a\\u0000b"]', "customer_keys[1]", "control", "correct or delete"),
        ('project_keys = ["p", "x", "P"]', "project_keys[3]", "'P' again", "delete it"),
        ('customer_keys = ["user:Team"]', "customer_keys[1]", "'user:Team'", "write 'team'"),
        ('project_keys = ["resource_tags_user_p"]', "project_keys[1]", "user_p'", "write 'p'"),
        ("map = 3", "map", "3", "[brackets]"),
        ("map = [3]", "map[1]", "3", "begin each one with [[map]]"),
    ],
)
def test_a_wrong_key_is_named_with_its_remedy(text: str, key: str, found: str, remedy: str) -> None:
    (problem,) = problems(text)
    place = f"attribution.toml, key '{key}'" if key else "attribution.toml"
    assert problem.startswith(f"{place}: found ")
    assert found in problem
    assert "; allowed: " in problem
    assert remedy in problem


GOOD = {"match": '"account"', "exact": '"1"', "customer": '"acme"'}


@pytest.mark.parametrize(
    ("changes", "key", "found", "remedy"),
    [
        ({"match": None}, "match", "nothing", "say what the map looks at"),
        ({"match": '"Account"'}, "match", "'Account'", "use one of these"),
        ({"match": "1"}, "match", "found 1;", "use one of these"),
        ({"matches": "1"}, "", "the unknown key 'matches'", "did you mean 'match'?"),
        ({"exact": None, "customer": None}, "", "neither exact nor regex", "keep or add one"),
        ({"regex": "'(a)'"}, "", "both exact and regex", "keep or add one"),
        ({"exact": "1"}, "exact", "found 1;", "'quotes'"),
        ({"exact": '" "'}, "exact", "' '", "copy the value from the bill"),
        ({"exact": '"a\\tb"'}, "exact", "'a\\tb'", "copy the value from the bill"),
        ({"exact": f'"{"x" * 2049}"'}, "exact", "2049 characters", "copy the value"),
        ({"customer": None}, "customer", "nothing", 'add customer = "..."'),
        ({"customer": '""'}, "customer", "nothing", "write the customer's id"),
        ({"customer": '"untagged"'}, "customer", "'untagged'", "choose another name"),
        ({"customer": f'"{"x" * 257}"'}, "customer", "257 characters", "write the customer's id"),
        ({"cloud": '"aws"'}, "cloud", "'aws'", "use one of these"),
        ({"match": '"resource_group"', "cloud": '"GCP"'}, "cloud", "'GCP'", "match something else"),
        ({"from": '"2026-09-01"'}, "from", "'2026-09-01'", "write 2026-09-01"),
        ({"from": "2026-09-01T00:00:00Z"}, "from", "2026-09-01 00:00:00", "write 2026-09-01"),
        ({"to": "1999-09-01"}, "to", "1999-09-01", "write 2026-09-01"),
        ({"from": "2026-09-02", "to": "2026-09-01"}, "to", "end before they begin", "swap"),
    ],
)
def test_a_wrong_map_is_named_with_its_remedy(
    changes: dict[str, str | None], key: str, found: str, remedy: str
) -> None:
    values = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    text = "[[map]]\n" + "\n".join(f"{name} = {value}" for name, value in values.items())
    lines = problems(text)
    place = f"attribution.toml, key 'map[1]{'.' if key else ''}{key}'"
    assert any(
        line.startswith(f"{place}: found ") and found in line and remedy in line for line in lines
    ), lines


@pytest.mark.parametrize(
    ("regex", "reason"),
    [
        ("acme", "no capture"),
        ("(?:acme)", "no capture"),
        (r"\(acme\)", "no capture"),
        ("[(]acme", "no capture"),
        ("(a)(b)", "more than one capture"),
        ("(a(b)?)", "more than one capture"),
        ("(a", "missing ): (a"),
        ("(?=a)(b)", "invalid perl operator: (?="),
        (r"(a)\1", r"invalid escape sequence: \1"),
        ("(a{1001})", "invalid repetition size"),
        ("", "no capture"),
        ("(a)" + "b" * 998, "1001 characters"),
    ],
)
def test_a_regular_expression_is_re2_with_exactly_one_capture(regex: str, reason: str) -> None:
    (problem,) = problems(f"[[map]]\nmatch = 'account'\nregex = '''{regex}'''")
    assert problem.startswith("attribution.toml, key 'map[1].regex': found ")
    assert reason in problem
    assert "with exactly one capture: the customer; put ( ) around the customer" in problem


@pytest.mark.parametrize("regex", ["(a)", "(?P<who>a)", r"\((a)\)", "[(](a)", "(?i)^(?:x|y)(.*)$"])
def test_groups_that_do_not_capture_are_not_counted(regex: str) -> None:
    assert attribution(f"[[map]]\nmatch = 'account'\nregex = '{regex}'").maps[0].regex == regex


def test_a_regular_expression_takes_no_customer_beside_it() -> None:
    (problem,) = problems("[[map]]\nmatch = 'account'\nregex = '(a)'\ncustomer = 'acme'")
    assert problem.startswith("attribution.toml, key 'map[1].customer': found 'acme'; allowed: no")


def test_one_exact_value_mapped_twice_on_a_day_is_refused() -> None:
    maps = """
        [[map]]
        match = "account"
        exact = "1"
        customer = "acme"
        {first}
        [[map]]
        match = "account"
        exact = "1"
        customer = "globex"
        {second}
    """
    (problem, *_) = problems(maps.format(first="", second='cloud = "GCP"'))
    assert problem.startswith(
        "attribution.toml, key 'map[2].exact': found '1' (every day), which map[1] has already"
    )
    for first, second in (
        ("to = 2026-09-30", "from = 2026-10-01"),
        ('cloud = "AWS"', 'cloud = "GCP"'),
    ):
        assert len(attribution(maps.format(first=first, second=second)).maps) == 2


def test_every_problem_of_every_map_is_listed() -> None:
    found = problems("""
        customer_keys = [1]
        [[map]]
        match = "x"
        regex = '('
        [[map]]
        match = "account"
        exact = ""
        customer = ""
    """)
    assert [line.split(":")[0] for line in found] == [
        "attribution.toml, key 'customer_keys[1]'",
        "attribution.toml, key 'map[1].match'",
        "attribution.toml, key 'map[1].regex'",
        "attribution.toml, key 'map[2].exact'",
        "attribution.toml, key 'map[2].customer'",
    ]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"customer_keys = [", "not TOML"),
        (b"from = 2026-02-30", "not TOML"),
        (b"a = 1\na = 2", "not TOML"),
        (b"a = " + b"[" * 9_000 + b"]" * 900, "TOML"),
        (b"a = [\n" * 1 + b"[\n" * 100_000, "deeply"),
        (b"a = " + b"9" * 9_000, "a number or day that can't be read"),
        (b"a = 0x" + b"F" * 9_000, "unknown key"),
        (b"a" + b".a" * 10_000 + b" = 1", "a line of 20005 characters"),
        (b"a = '\xff'", "the byte 0xFF, which is not UTF-8"),
        (b"a = 'x\x00y'", "a NUL character"),
        ("a = 'x'".encode("utf-16"), "UTF-16"),
    ],
)
def test_hostile_toml_is_a_message_and_never_a_traceback(content: bytes, found: str) -> None:
    lines = problems(content)
    assert any(found in line for line in lines), lines
    assert all(line.startswith("attribution.toml") and len(line) < 500 for line in lines)
