"""What an alert's message says in Grafana: what happened, the dollars, where to look, what to do.

The summary has the dollars (``handlers/alerts/rules.toml``); links are Grafana's own, from the
annotations that ``alerting`` gives each rule
(https://grafana.com/docs/grafana/latest/alerting/configure-notifications/template-notifications/reference/).
"""

from importlib.resources import files

GROUP = "AI costs"
"""The name of the template group."""

TITLE = '{{ template "ai_cost.title" . }}'
MESSAGE = '{{ template "ai_cost.message" . }}'
"""What a contact point writes in its own fields to say what the group defines."""


def template() -> str:
    """The template group, in Go's template language."""
    return files("dashboards").joinpath("notification.txt").read_text("utf-8")
