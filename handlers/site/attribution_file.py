"""attribution.toml: the tag keys that name a customer and the maps for what has no tag."""

from collections.abc import Iterator, Sequence
from importlib.resources import files

import duckdb

from handlers.record import UNTAGGED, Cloud
from handlers.site.attribution import Attribution, AttributionMap, MatchOn
from handlers.site.problems import Problem, at_key, shown
from handlers.site.regular_expression import LENGTH_LIMIT, expression_fault
from handlers.site.text import NAME_LIMIT, has_control_characters, name_fault, trimmed
from handlers.site.toml_file import Table, read_toml
from handlers.site.validity import Claim, Validity, conflicts

ATTRIBUTION = "attribution.toml"

EXACT_LIMIT = 2_048
"""Characters in an exact value: the longest resource names of any cloud are below this."""

_TOP_KEYS = ("customer_keys", "project_keys", "map")
_MAP_KEYS = ("match", "regex", "exact", "customer", "cloud", "from", "to")
_CLOUD_PREFIXES = ("user:", "resource_tags_user_", "resourcetags/user:")


def default_attribution() -> bytes:
    """The shipped attribution.toml."""
    return files("handlers.site").joinpath("defaults", ATTRIBUTION).read_bytes()


def parse_attribution(content: bytes | None, problems: list[Problem]) -> Attribution:
    """The attribution of the file; each key that it does not have is the shipped one.

    What is wrong goes to ``problems``.
    """
    shipped = _top_table(default_attribution(), problems)
    own = _top_table(content, problems) if content is not None else None
    chosen = {key: own if own and own.has(key) else shipped for key in _TOP_KEYS}
    return Attribution(
        customer_keys=_tag_keys(chosen["customer_keys"], "customer_keys", problems),
        project_keys=_tag_keys(chosen["project_keys"], "project_keys", problems),
        maps=_maps(chosen["map"], problems),
    )


def _top_table(content: bytes, problems: list[Problem]) -> Table | None:
    values = read_toml(ATTRIBUTION, content, problems)
    if values is None:
        return None
    table = Table(ATTRIBUTION, "", values, problems)
    table.refuse_unknown(_TOP_KEYS)
    return table


def _tag_keys(table: Table | None, name: str, problems: list[Problem]) -> tuple[str, ...]:
    if table is None:
        return ()
    keys: list[str] = []
    for position, item in enumerate(table.items(name), start=1):
        place = at_key(ATTRIBUTION, f"{name}[{position}]")
        key = trimmed(item).lower() if isinstance(item, str) else ""
        fault = name_fault(key) if isinstance(item, str) else shown(item)
        if fault:
            allowed = f"a tag or label key of 1 to {NAME_LIMIT} characters, in quotes"
            problems.append(Problem(place, fault, allowed, "correct or delete it."))
        elif key in keys:
            allowed = "each key once; upper and lower case are the same"
            problems.append(Problem(place, f"{shown(item)} again", allowed, "delete it."))
        elif key.startswith(_CLOUD_PREFIXES):
            allowed = "the key as you set it on the resource, without the cloud's prefix"
            bare = next(key.removeprefix(each) for each in _CLOUD_PREFIXES if key.startswith(each))
            problems.append(Problem(place, shown(item), allowed, f"write {shown(bare)}."))
        else:
            keys.append(key)
    return tuple(keys)


def _maps(table: Table | None, problems: list[Problem]) -> tuple[AttributionMap, ...]:
    entries = table.tables("map") if table else ()
    if not entries:
        return ()
    with duckdb.connect() as connection:
        read = [
            _map(position, entry, connection) for position, entry in enumerate(entries, start=1)
        ]
    maps = tuple(each for each in read if each is not None)
    problems.extend(_exact_twice(maps))
    return maps


def _map(
    position: int, entry: Table, connection: duckdb.DuckDBPyConnection
) -> AttributionMap | None:
    entry.refuse_unknown(_MAP_KEYS)
    match = entry.choice("match", MatchOn)
    cloud = entry.choice("cloud", Cloud)
    exact = _exact(entry)
    regex = _regex(entry, connection)
    validity = Validity(entry.day("from"), entry.day("to"))
    customer = _customer(entry)
    if match is None and not entry.has("match"):
        entry.refuse("match", "nothing", " | ".join(MatchOn), "say what the map looks at.")
    if entry.has("exact") == entry.has("regex"):
        found = "both exact and regex" if entry.has("exact") else "neither exact nor regex"
        entry.refuse("", found, "exactly one of them", "keep or add one.")
    if match is MatchOn.RESOURCE_GROUP and cloud not in (None, Cloud.AZURE):
        allowed = "only Azure has resource groups"
        entry.refuse("cloud", shown(cloud), allowed, "delete the key, or match something else.")
    if validity.first > validity.last:
        allowed = "a last day on or after the first"
        found = f"the days {validity}, which end before they begin"
        entry.refuse("to", found, allowed, "swap the two days or correct one.")
    if match is None or not entry.valid:
        return None
    return AttributionMap(position, match, exact, regex, customer, cloud, validity)


def _exact(entry: Table) -> str | None:
    text = entry.text("exact")
    if text is None:
        return None
    value = trimmed(text)
    if not value or len(value) > EXACT_LIMIT or has_control_characters(value):
        allowed = f"1 to {EXACT_LIMIT} characters, none of them a control character"
        entry.refuse("exact", shown(text), allowed, "copy the value from the bill.")
    return value


def _regex(entry: Table, connection: duckdb.DuckDBPyConnection) -> str | None:
    text = entry.text("regex")
    if text is None:
        return None
    fault = expression_fault(connection, text)
    if fault:
        entry.refuse(
            "regex",
            f"{shown(text)}: {fault}",
            f"RE2 syntax (https://github.com/google/re2/wiki/Syntax), at most {LENGTH_LIMIT}"
            " characters, with exactly one capture: the customer",
            "put ( ) around the customer and write every other group (?: ).",
        )
    return text


def _customer(entry: Table) -> str | None:
    text = entry.text("customer")
    if entry.has("regex") and entry.has("customer"):
        allowed = "no customer beside regex, whose capture is the customer"
        entry.refuse("customer", shown(text), allowed, "delete it, or use exact.")
        return None
    if entry.has("exact") and not entry.has("customer"):
        entry.refuse("customer", "nothing", "the customer's id", 'add customer = "...".')
    if text is None:
        return None
    customer = trimmed(text)
    fault = name_fault(customer)
    if fault:
        allowed = f"1 to {NAME_LIMIT} characters, none of them a control character"
        entry.refuse("customer", fault, allowed, "write the customer's id.")
    if customer == UNTAGGED:
        allowed = "any other name: it marks costs that nothing names a customer for"
        entry.refuse("customer", shown(customer), allowed, "choose another name.")
    return customer


def _exact_twice(maps: Sequence[AttributionMap]) -> Iterator[Problem]:
    for earlier, later in conflicts(_exact_claims(maps)):
        _, _, value = later.name.partition(" ")
        yield Problem(
            at_key(ATTRIBUTION, f"map[{later.row}].exact"),
            f"{shown(value)} ({later.validity}), which map[{earlier.row}] has already"
            f" ({earlier.validity})",
            "one map for a value on any day",
            "delete one of the maps, or set from and to so that their days do not overlap.",
        )


def _exact_claims(maps: Sequence[AttributionMap]) -> Iterator[Claim]:
    for each in maps:
        if each.exact is not None:
            for cloud in each.clouds():
                name = f"{cloud}/{each.match} {each.exact}"
                yield Claim(name, str(each.position), each.position, each.validity)
