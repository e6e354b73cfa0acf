"""Refusals of verified roles.

GuildhallError
├── NotFound
│   └── RuleNotFound         the guild has no such rule
├── Conflict
│   └── RuleExists           another rule has this role and scope
└── Unprocessable
    ├── RoleUnknown          the guild has no such role
    ├── RoleNotGivable       nobody gives this role: @everyone, or one that an integration keeps
    ├── TooManyRules         the guild has as many rules as it may have
    └── RoleRefused          Discord does not let the bot give or take the role
"""

from guildhall.core.errors import Conflict, NotFound, Unprocessable


class RuleNotFound(NotFound):
    """The guild has no such rule."""

    code = "rule_not_found"
    text = "This guild has no such rule"


class RuleExists(Conflict):
    """Another rule of the guild has this role and scope."""

    code = "rule_exists"
    text = "Another rule gives this role for this scope"


class RoleUnknown(Unprocessable):
    """The guild has no such role."""

    code = "role_unknown"
    text = "This guild has no such role"


class RoleNotGivable(Unprocessable):
    """Everybody has the role, or an integration decides who has it."""

    code = "role_not_givable"
    text = "Discord lets nobody give this role by hand"


class TooManyRules(Unprocessable):
    """The guild has as many rules as it may have."""

    code = "too_many_rules"
    text = "A guild has at most 50 rules"


class RoleRefused(Unprocessable):
    """Discord does not let the bot give or take the role, whoever is to have it."""

    code = "role_refused"
    text = "Discord does not let the bot give or take this role"
