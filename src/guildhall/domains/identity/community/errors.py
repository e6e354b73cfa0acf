"""Refusals of the community's sign-in.

GuildhallError
├── Unauthenticated
│   └── WrongMonitoringSecret  a service that shows another secret than the settings have
├── Forbidden
│   └── NotOnServer            whom Discord does not know on the community's server
└── Unavailable
    └── MonitoringOff          the settings have no secret for monitoring
"""

from guildhall.core.errors import Forbidden, Unauthenticated, Unavailable


class WrongMonitoringSecret(Unauthenticated):
    """A service shows another secret than the settings have."""

    code = "invalid_secret"
    text = "This is not the secret of monitoring"


class NotOnServer(Forbidden):
    """Discord does not know them on the community's server."""

    code = "not_a_member"
    text = "Only members of the Discord server can sign in"


class MonitoringOff(Unavailable):
    """There is no secret for monitoring."""

    code = "not_configured"
    text = "Monitoring is not configured; set API_MONITORING_SECRET"
