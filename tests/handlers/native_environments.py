"""Right environments of collectors in their own clouds, for tests to break one value of."""

import json

from handlers.native import native_environment
from handlers.native_names import NativeName
from handlers.record import Cloud
from handlers.settings import Name
from tests.handlers.environments import SCOPES, SHARED

IDENTITY = "aaaabbbb-0000-4000-8000-0123456789ab"
ADMIN = "ccccdddd-0000-4000-8000-0123456789ab"

AZURE = {
    NativeName.GOOGLE_AUDIENCE: "//iam.googleapis.com/projects/123456789012/locations/global"
    "/workloadIdentityPools/ai-cost/providers/azure",
    NativeName.GOOGLE_ACCOUNT: "native-azure@hub-project.iam.gserviceaccount.com",
    NativeName.HISTORY: "gs://hub-project-ai-cost-archive",
    NativeName.GOOGLE_TOKEN_SCOPE: "api://ai-cost-monitoring/.default",
    NativeName.IDENTITY: IDENTITY,
    NativeName.COMMANDS_QUEUE: "commands",
    NativeName.COMMANDS_SERVICE: "https://aicostcommands.queue.core.windows.net",
    NativeName.COMMANDS_CREDENTIAL: "managedidentity",
    NativeName.COMMANDS_CLIENT_ID: IDENTITY,
    NativeName.SQL_SERVER: "ai-cost-prod.database.windows.net",
    NativeName.SQL_DATABASE: "costs",
    NativeName.SQL_USER: "ai-cost-collector",
    NativeName.SQL_ADMIN: ADMIN,
    NativeName.SQL_READERS: '{"ai-cost-grafana": "eeeeffff-0000-4000-8000-0123456789ab"}',
}


def of_function_app(scopes: list[dict[str, str]] | None = None) -> dict[str, str]:
    """The environment of the Function App; made as infra makes it."""
    listed = [SCOPES[Cloud.AZURE]] if scopes is None else scopes
    shared = {name: value for name, value in SHARED.items() if not name.startswith("COST_PUSH_")}
    return native_environment(
        Cloud.AZURE,
        {
            **shared,
            Name.JOB: "azure-native",
            Name.CLOUD: Cloud.AZURE.value,
            Name.SCOPES: json.dumps(listed),
            Name.SHRINK_HOLD_SHARE: "0.2",
            **AZURE,
        },
    )
