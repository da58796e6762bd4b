"""What can be wrong with a login, the same for every cloud."""

from handlers.errors import CostError


class LoginError(CostError):
    """Nobody can be asked: the cloud would not know who asks.

    ``reason`` is what was found, ``remedy`` the command that mends it.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason.rstrip('.')}. Log in: {remedy}")
        self.reason = reason.rstrip(".")
        self.remedy = remedy


class LoginMissing(LoginError):
    """There is no login on this machine."""


class LoginExpired(LoginError):
    """There is one, and the cloud takes it no longer."""
