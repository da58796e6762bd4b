"""The folder, the data source and the dashboards, in a Grafana that keeps what it is given."""

import json
from typing import NotRequired, TypedDict, cast

import pulumi
import pulumiverse_grafana as grafana

from dashboards.documents import documents
from dashboards.plan import FOLDER_TITLE, FOLDER_UID
from dashboards.source import NAME, PLUGIN, UID, Access, settings
from handlers.alerts import Hub


class ContentArgs(TypedDict):
    """What is shown, and how Grafana may read it."""

    hub: Hub
    reader: pulumi.Input[str]
    """The e-mail of the account that reads the costs; Grafana acts as it for each query."""
    credentials: NotRequired[pulumi.Input[str]]
    """The key of an account that may act as the reader (``SignInKey``). Without it Grafana has to
    run in Google Cloud, as an account that may."""


class Content(pulumi.ComponentResource):
    """Everything but the alerts; each thing has a uid that never changes."""

    folder_uid: pulumi.Output[str]
    source_uid: pulumi.Output[str]

    def __init__(
        self, name: str, args: ContentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:grafana:Content", name, {}, opts)
        folder = grafana.oss.Folder(
            f"{name}-folder",
            uid=FOLDER_UID,
            title=FOLDER_TITLE,
            opts=pulumi.ResourceOptions(parent=self),
        )
        source = _source(name, args, pulumi.ResourceOptions(parent=self))
        for uid, text in documents(args["hub"]).items():
            grafana.oss.Dashboard(
                f"{name}-{uid}",
                folder=folder.uid,
                config_json=in_one_line(text),
                overwrite=True,
                message="pulumi up",
                # Its panels name the data source by uid, so it comes after it.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[source]),
            )
        self.folder_uid = folder.uid
        self.source_uid = source.uid
        self.register_outputs({"folder_uid": self.folder_uid, "source_uid": self.source_uid})


def _source(
    name: str, args: ContentArgs, options: pulumi.ResourceOptions
) -> grafana.oss.DataSource:
    access = Access.KEY if "credentials" in args else Access.METADATA
    impersonation = {"usingImpersonation": True, "serviceAccountToImpersonate": args["reader"]}
    said: dict[str, pulumi.Input[object]] = {**settings(args["hub"], access), **impersonation}
    secret: pulumi.Output[str] | None = None
    if "credentials" in args:
        credentials = pulumi.Output.from_input(args["credentials"]).apply(_parts)
        said["clientEmail"] = pulumi.Output.unsecret(credentials["client_email"])
        said["tokenUri"] = pulumi.Output.unsecret(credentials["token_uri"])
        secret = pulumi.Output.secret(
            pulumi.Output.json_dumps({"privateKey": credentials["private_key"]}, sort_keys=True)
        )
    return grafana.oss.DataSource(
        f"{name}-source",
        name=NAME,
        uid=UID,
        type=PLUGIN,
        json_data_encoded=pulumi.Output.json_dumps(said, sort_keys=True),
        secure_json_data_encoded=secret,
        opts=options,
    )


def _parts(credentials: str) -> dict[str, str]:
    """A key's file: https://docs.cloud.google.com/iam/docs/keys-create-delete."""
    said = cast("dict[str, str]", json.loads(credentials))
    return {name: said[name] for name in ("client_email", "private_key", "token_uri")}


def in_one_line(text: str) -> str:
    """As the provider keeps it, so that spaces are no change."""
    return json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False)
