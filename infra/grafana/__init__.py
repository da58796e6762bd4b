"""What people look at: in a Grafana elsewhere, or in one of our own on Cloud Run."""
