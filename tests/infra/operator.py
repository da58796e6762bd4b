"""An operator at a machine: a stack's file, logins of faked clouds, and the door's commands."""

import json
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner, Result

from handlers.errors import CostError
from infra.apis.addresses import addresses
from infra.commands.options import environment
from infra.doctor.checks import checks
from infra.doctor.examination import Place, examine
from infra.doctor.finding import Finding
from infra.reading import ConfigError
from tests.fakes.aws_billing import AwsBilling, aws_billing
from tests.fakes.azure_manager import Azure, azure_manager, put_az
from tests.fakes.google_apis import Google, google_apis, login_file
from tests.fakes.grafana_api import Grafana, grafana_api

PAYER = "111122223333"
SUBSCRIPTION = "00000000-0000-4000-8000-00000000000a"
TENANT = "00000000-0000-4000-8000-00000000000b"
ACCOUNT = "01E214-63C8A3-9E57E3"
SUFFIX = "01E214_63C8A3_9E57E3"
PROJECT = "acme-costs"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ACCESS_KEY_SECRET = "fake-aws-secret"

CONFIG: Mapping[str, object] = {
    "phase": 1,
    "gcp_project": PROJECT,
    "gcp_scopes": [{"id": ACCOUNT}],
    "aws_scopes": [{"id": PAYER}],
    "azure_subscription": SUBSCRIPTION,
    "azure_tenant": TENANT,
    "azure_storage_account": "acmecosts",
    "azure_scopes": [{"id": f"/subscriptions/{SUBSCRIPTION}"}],
    "grafana_url": "https://acme.grafana.net",
    "grafana_token": {"secure": "v1:abc"},
}


@dataclass
class Operator:
    """What each cloud holds; ``environment`` is the shell's, ``config`` the stack's."""

    folder: Path
    google: Google
    aws: AwsBilling
    azure: Azure
    grafana: Grafana
    address: dict[str, str]
    environment: dict[str, str]
    config: dict[str, object] = field(default_factory=lambda: dict(CONFIG))
    extra: dict[str, object] = field(default_factory=dict[str, object])
    """What the stack's file holds beside ``config:``."""

    @property
    def programs(self) -> Path:
        """The one folder of the PATH."""
        return self.folder / "bin"

    @property
    def options(self) -> list[str]:
        return [f"--address={name}={url}" for name, url in self.address.items()]

    def stack_file(self) -> Path:
        file = self.folder / "Pulumi.prod.yaml"
        config = {f"ai-cost-monitoring:{key}": value for key, value in self.config.items()}
        file.write_text(json.dumps({"config": config, **self.extra}), encoding="utf-8")
        return file

    def call(self, command: str, *arguments: str) -> Result:
        """What the door's command writes; a refusal is told as the door does."""
        module = import_module(f"infra.commands.{command}")
        options = [f"--stack={self.stack_file()}", *self.options]
        result = CliRunner().invoke(
            getattr(module, command), [*arguments, *options], env=self.environment
        )
        if isinstance(result.exception, (CostError, ConfigError)):
            result.stderr_bytes = f"error: {result.exception}".encode()
        elif result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def examined(self, part: str, now: datetime = NOW) -> list[Finding]:
        """What the checks come to whose title holds ``part``."""
        known = addresses([option.removeprefix("--address=") for option in self.options])
        place = Place(environment(str(self.stack_file())), known, now)
        with patch.dict(os.environ, self.environment):
            return list(examine(place, [one for one in checks(place) if part in one.title]))

    def one(self, part: str, now: datetime = NOW) -> Finding:
        """The same, where it is one finding."""
        [found] = self.examined(part, now)
        return found


@contextmanager
def operator(folder: Path) -> Generator[Operator]:
    """Somebody who is logged in to Google Cloud and Azure, which hold only a project.

    No program is on the PATH but ``az``.
    """
    programs = folder / "bin"
    programs.mkdir()
    google, aws, grafana = Google(project=PROJECT), AwsBilling(), Grafana()
    azure = Azure(TENANT)
    put_az(programs, azure)
    with ExitStack() as stack:
        google_address = stack.enter_context(google_apis(google))
        address = dict.fromkeys(addresses(), google_address)
        address["azure"] = stack.enter_context(azure_manager(azure))
        address["grafana"] = stack.enter_context(grafana_api(grafana))
        billing = stack.enter_context(aws_billing(aws))
        shell = {
            "GOOGLE_APPLICATION_CREDENTIALS": str(login_file(folder, google_address)),
            "PATH": str(programs),
            "HOME": os.fspath(folder),
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            **{f"AWS_ENDPOINT_URL_{service}": billing for service in _BILLING},
        }
        yield Operator(folder, google, aws, azure, grafana, address, shell)


_BILLING = (
    "IAM",
    "COST_EXPLORER",
    "BCM_DATA_EXPORTS",
    "COST_AND_USAGE_REPORT_SERVICE",
    "REDSHIFT_SERVERLESS",
    "LAMBDA",
)


def names(findings: Iterator[Finding] | list[Finding]) -> list[str]:
    return [finding.name for finding in findings]
