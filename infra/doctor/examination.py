"""All checks, one after the other; what keeps one from its answer keeps no other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from handlers.errors import CostError
from infra.apis.addresses import Addresses
from infra.apis.azure import AzureLogin
from infra.apis.google import GoogleLogin
from infra.apis.login import LoginError
from infra.apis.web import Refused, Unreachable
from infra.commands.options import Environment
from infra.doctor.finding import Finding, finding
from infra.reading import blank, parts


@dataclass(frozen=True)
class Place:
    """What every check looks at, and the time in UTC."""

    environment: Environment
    addresses: Addresses
    now: datetime

    @cached_property
    def google(self) -> GoogleLogin:
        """Google's login; raises what ``GoogleLogin.find`` does."""
        return GoogleLogin.find(self.addresses)

    @cached_property
    def azure(self) -> AzureLogin:
        """Azure's login in the configuration's tenant."""
        azure = self.environment.settings.azure
        return AzureLogin.find(self.addresses, azure.tenant if azure else "")


@dataclass(frozen=True)
class Check:
    """One look. ``needs`` are keys of the configuration without which there is nothing to see.

    ``cloud`` is whose login it takes.
    """

    title: str
    look: Callable[[], Iterator[Finding]]
    needs: Sequence[str] = ()
    cloud: str = "this machine"


def examine(place: Place, checks: Sequence[Check]) -> Iterator[Finding]:
    """The findings of all checks, in their order."""
    told: set[tuple[str, ...]] = set()
    for check in checks:
        missing = _missing(place, check)
        if not missing:
            yield from _looked(check)
        elif missing not in told:
            told.add(missing)
            titles = [one.title for one in checks if _missing(place, one) == missing]
            yield finding(
                "check.not-set",
                title=check.cloud,
                keys=", ".join(missing),
                are="is" if len(missing) == 1 else "are",
                file=place.environment.file.name,
                titles="; ".join(titles),
                commands="\n".join(
                    parts(key, blank(place.environment.values[key])) for key in missing
                ),
            )


def _missing(place: Place, check: Check) -> tuple[str, ...]:
    return tuple(key for key in check.needs if key in place.environment.examples)


def _looked(check: Check) -> Iterator[Finding]:
    try:
        yield from check.look()
    except LoginError:
        yield finding("check.no-login", title=check.title, cloud=check.cloud)
    except Unreachable as error:
        yield finding("check.unreachable", title=check.title, error=error)
    except Refused as error:
        name = "check.refused" if error.status == 403 else "check.failed"
        yield finding(name, title=check.title, error=error)
    except CostError as error:
        yield finding("check.failed", title=check.title, error=error)
