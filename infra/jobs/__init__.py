"""The hub's jobs as an operator meets them: what to send, what came of it, when they run next."""
