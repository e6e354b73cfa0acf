"""Refusals about the configuration.

GuildhallError
├── Invalid
│   ├── UnknownSetting      no such key
│   └── InvalidSetting      a value that its key cannot have, or that contradicts another one
├── Forbidden
│   ├── InvalidSetupToken   whoever sets the house up does not know its token
│   └── SetupCompleted      the house is set up already
└── Conflict
    ├── ConfigurationMoved  somebody else has changed the configuration since it was read
    └── SettingLocked       the environment of the server sets this
"""

from guildhall.core.errors import Conflict, Forbidden, Invalid


class UnknownSetting(Invalid):
    """There is no such key; `details.faults` has a sentence for each."""

    code = "unknown_setting"
    text = "There is no such setting"


class InvalidSetting(Invalid):
    """A value is not allowed; `details.faults` has a sentence for each key. Nothing was changed."""

    code = "invalid_setting"
    text = "A setting has a value that is not allowed"


class ConfigurationMoved(Conflict):
    """The change was meant for another version; `details.version` is the present one."""

    code = "config_conflict"
    text = "Somebody else has changed the configuration; read it again"


class SettingLocked(Conflict):
    """The environment of the server sets a key, so it is changed there; `details.keys` names them."""

    code = "setting_locked"
    text = "The environment of the server sets this, and it can be changed only there"


class InvalidSetupToken(Forbidden):
    """The setup's token is missing or wrong."""

    code = "invalid_setup_token"
    text = "Invalid setup token"


class SetupCompleted(Forbidden):
    """The house is set up already, and that happens once."""

    code = "setup_completed"
    text = "Setup is finished"
