"""The Pulumi program: what an environment is made of, in three clouds and Grafana."""
