"""What an upgrade would do to an environment, looked at before anything is applied."""
