"""The local viewer: draws the very dashboards that Grafana gets, from a warehouse on this machine.

What a panel shows is computed in plain functions (``frames``, ``charts``, ``tables``, ``tiles``);
``page`` is the only module that puts elements on a page.
"""
