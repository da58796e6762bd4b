"""Every check, in the order in which an environment comes to be."""

from collections.abc import Sequence
from functools import partial

from handlers.record import Cloud
from infra.doctor import (
    aws,
    aws_export,
    aws_native,
    azure,
    azure_costs,
    azure_native,
    billing_export,
    google,
    google_keys,
    grafana,
    pulumi,
)
from infra.doctor.examination import Check, Place
from infra.grafana_settings import Hosting
from infra.settings import AzureSettings
from infra.stages import Phase


def checks(place: Place) -> Sequence[Check]:
    """The checks of this environment: those of clouds that it does not read are left out."""
    settings = place.environment.settings
    found = [*_of_pulumi(place), *_of_google(place)]
    if settings.aws:
        found += _of_aws(place)
    if settings.azure:
        found += _of_azure(place, settings.azure)
    if settings.grafana.hosting is Hosting.EXTERNAL:
        found += _of_grafana(place)
    return found


def _of_pulumi(place: Place) -> list[Check]:
    return [
        Check("Pulumi's CLI", pulumi.cli),
        Check("Pulumi's plug-ins", partial(pulumi.plugins, place)),
        Check("Pulumi's state", partial(pulumi.state, place)),
        Check("The key of the state's secrets", partial(pulumi.secrets, place)),
    ]


def _of_google(place: Place) -> list[Check]:
    project = ("gcp_project",)
    name = "Google Cloud"
    found = [
        Check("Login of Google Cloud", partial(google.login, place), (), name),
        Check("Rights on the hub's project", partial(google.rights, place), project, name),
        Check("Keys of the hub's accounts", partial(google_keys.keys, place), project, name),
    ]
    if Cloud.GCP in place.environment.settings.clouds:
        needs = (*project, "gcp_scopes")
        look = partial(billing_export.export, place)
        found.append(Check("Google's billing export", look, needs, name))
    return found


def _of_aws(place: Place) -> list[Check]:
    needs = ("aws_scopes",)
    found = [Check("Login of AWS", partial(aws.login, place), (), "AWS")]
    for payer in aws.payers(place):
        found += [
            Check(f"{title} {payer.scope.id}", partial(look, payer), needs, "AWS")
            for title, look in (
                ("Payer account", aws.payer_account),
                ("Rights in AWS account", aws.rights),
                ("AWS's export of", aws_export.export),
                ("Cost allocation tags of", aws_export.tags),
            )
        ]
        if place.environment.settings.phase >= Phase.NATIVE and payer.holds_warehouse:
            found += [
                Check(f"{title} {payer.scope.id}", partial(look, payer), needs, "AWS")
                for title, look in (
                    ("Zones of", aws_native.zones),
                    ("Redshift Serverless in", aws_native.redshift),
                    ("Lambda in", aws_native.functions),
                )
            ]
    return found


def _of_azure(place: Place, settings: AzureSettings) -> list[Check]:
    hub = ("azure_subscription", "azure_tenant")
    scopes = (*hub, "azure_scopes")
    found = [
        Check("Login of Azure", partial(azure.login, place, settings), hub, "Azure"),
        Check("Azure's roles", partial(azure.rights, place, settings), scopes, "Azure"),
        Check(
            "Azure's resource providers", partial(azure.providers, place, settings), hub, "Azure"
        ),
        Check(
            "Azure's agreement", partial(azure_costs.agreement, place, settings), scopes, "Azure"
        ),
    ]
    if place.environment.settings.phase >= Phase.NATIVE:
        for title, check in (
            ("Azure SQL's offer", azure_native.database),
            ("Azure Functions' plan", azure_native.functions),
        ):
            found.append(Check(title, partial(check, place, settings), hub, "Azure"))
    for scope in settings.scopes:
        look = partial(azure_costs.export, place, settings, scope)
        found.append(Check(f"Azure's export of {scope.id}", look, scopes, "Azure"))
    return found


def _of_grafana(place: Place) -> list[Check]:
    needs = ("grafana_url",)
    return [
        Check(title, partial(look, place), needs, "Grafana")
        for title, look in (
            ("Grafana's version", grafana.server),
            ("Grafana's token", grafana.token),
            ("Grafana's plug-in", grafana.plugin),
            ("Grafana's data source", grafana.source),
        )
    ]
