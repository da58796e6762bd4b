"""Dashboards and Grafana's alerts as code: what people open every morning."""

import importlib
import warnings

# The SDK warns, while this module is imported, that there is a newer model of a dashboard. The
# classic one is meant: Grafana reads it from 11.6 on, and converts it by itself from 13 on.
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    # The builders of panels import the models of the newer dashboard too.
    importlib.import_module("grafana_foundation_sdk.models.dashboardv2beta1")
    importlib.import_module("grafana_foundation_sdk.builders.dashboard")
