"""The part of the configuration that lets workflows of GitHub work on an environment."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.reading import Allowed, Reader
from infra.scopes import AwsScope

ISSUER = "https://token.actions.githubusercontent.com"
MAIN = "refs/heads/main"

_REPOSITORY = Allowed(
    r"[A-Za-z0-9-]{1,39}(@\d{1,19}/[\w.-]{1,100}@\d{1,19}|/[\w.-]{1,100})",
    "OWNER@ID/NAME@ID as the subject of its tokens has it, or OWNER/NAME of a repository from"
    " before July 2026",
    "acme@123456/ai-costs@456789",
)
_ENVIRONMENT = Allowed(r"[a-z0-9][a-z0-9_-]{0,99}", "small letters, digits, _ and -", "prod")
_KEY = Allowed(
    r"projects/[a-z0-9-]+/locations/[a-z0-9-]+/keyRings/[\w-]+/cryptoKeys/[\w-]+",
    "a key of Cloud KMS, as 'python -m infra bootstrap' prints it",
    "projects/acme-ai-costs/locations/us-central1/keyRings/ai-cost-monitoring/cryptoKeys/pulumi-state",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineSettings:
    """Which repository's workflows are trusted, and what they need of the state."""

    repository: str
    """As the subject of its tokens has it."""
    environment: str
    """GitHub's environment that may deploy; that of previews ends with ``-preview``."""
    state_bucket: str
    state_key: str | None
    """The key of the secrets in the state; None where they have none in Cloud KMS."""

    @property
    def preview_subject(self) -> str:
        """The subject of a preview's token.

        https://docs.github.com/en/actions/reference/security/oidc
        """
        return f"repo:{self.repository}:environment:{self.environment}-preview"

    @property
    def deploy_subject(self) -> str:
        """The subject of a deploy's token."""
        return f"repo:{self.repository}:environment:{self.environment}"


def read_pipeline(reader: Reader, project: str, aws: Sequence[AwsScope]) -> PipelineSettings | None:
    """The pipeline's settings; None where no repository is named.

    In AWS a workflow's role stands in the one payer account itself. A role to work through would
    give a preview what a deploy may do.
    """
    repository = reader.optional("ci_repository", _REPOSITORY)
    environment = reader.text("ci_environment", _ENVIRONMENT)
    key = reader.optional("ci_state_key", _KEY)
    if repository is None:
        return None
    if len(aws) > 1 or any(scope.role for scope in aws):
        reader.note(
            "ci_repository",
            "is set, and aws_scopes has several accounts or a role to work through.",
            "one payer account without a role; else run previews and deploys at a desk",
            "",
        )
    return PipelineSettings(
        repository=repository,
        environment=environment,
        state_bucket=f"{project}-pulumi-state",
        state_key=key,
    )
