"""Read by every Python process that a test starts, through PYTHONPATH."""

import network_guard

network_guard.install()
