"""The pages that ask the clouds' own warehouses, in a Grafana that keeps what it is given."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumiverse_grafana as grafana

from dashboards.detail.pages import detail_documents
from handlers.alerts import Hub
from handlers.record import Cloud
from infra.grafana.content import in_one_line


class PagesArgs(TypedDict):
    """What the pages are about, and where they lie."""

    hub: Hub
    folder_uid: pulumi.Input[str]
    sources: Mapping[Cloud, pulumi.Resource]
    """The clouds whose own warehouse Grafana can ask, and the data source that does."""


class Pages(pulumi.ComponentResource):
    """A page for each cloud that has a source, and one where they stand side by side."""

    def __init__(
        self, name: str, args: PagesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:grafana:Pages", name, {}, opts)
        sources = args["sources"]
        for uid, text in detail_documents(args["hub"], tuple(sources)).items():
            grafana.oss.Dashboard(
                f"{name}-{uid}",
                folder=args["folder_uid"],
                config_json=in_one_line(text),
                overwrite=True,
                message="pulumi up",
                # Its panels name the data sources by uid, so it comes after them.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[*sources.values()]),
            )
        self.register_outputs({})
