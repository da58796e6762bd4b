"""How a Grafana outside Google Cloud signs in: the one key that this product makes.

Grafana Cloud has no identity that Google could trust without a key and that alert rules could use
as well (see ``dashboards.source.Access``). So there is a key, of an account that can do one thing:
act as the reader. It is a secret in the state, and replaced when ``rotation`` changes.
"""

import base64
from typing import TypedDict

import pulumi
import pulumi_gcp as gcp


class SignInKeyArgs(TypedDict):
    """Whose key it is and whom it leads to."""

    project: pulumi.Input[str]
    account_id: pulumi.Input[str]
    """6 to 30 small letters, digits and hyphens."""
    reader: pulumi.Input[str]
    """The e-mail of the account that reads the costs."""
    rotation: pulumi.Input[str]
    """Any text; another one makes a new key before the old one is deleted."""


class SignInKey(pulumi.ComponentResource):
    """An account without rights on data, its key, and leave to act as the reader."""

    credentials: pulumi.Output[str]
    """The key as Google's JSON file has it; secret."""

    def __init__(
        self, name: str, args: SignInKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:grafana:SignInKey", name, {}, opts)
        account = gcp.serviceaccount.Account(
            f"{name}-account",
            project=args["project"],
            account_id=args["account_id"],
            display_name="Grafana signs in and acts as the reader of the costs of AI",
            opts=pulumi.ResourceOptions(parent=self),
        )
        gcp.serviceaccount.IAMMember(
            f"{name}-acts-as-reader",
            service_account_id=pulumi.Output.format(
                "projects/{}/serviceAccounts/{}", args["project"], args["reader"]
            ),
            role="roles/iam.serviceAccountTokenCreator",
            member=pulumi.Output.concat("serviceAccount:", account.email),
            opts=pulumi.ResourceOptions(parent=self),
        )
        key = gcp.serviceaccount.Key(
            f"{name}-key",
            service_account_id=account.name,
            keepers={"rotation": args["rotation"]},
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["private_key"]),
        )
        self.credentials = pulumi.Output.secret(key.private_key.apply(_decoded))
        self.register_outputs({"credentials": self.credentials})


def _decoded(private_key: str) -> str:
    return base64.b64decode(private_key).decode()
