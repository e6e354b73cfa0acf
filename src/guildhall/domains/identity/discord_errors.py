"""Refusals of signing in with Discord.

GuildhallError
├── Forbidden
│   ├── DiscordDenied       the person said no on Discord's page
│   ├── StateForeign        this browser, or this session, did not begin that sign-in
│   ├── AccountDisabled     the account here is disabled
│   └── NotInvited          nobody here has this Discord account, and its owner may not join by themselves
├── NotFound
│   └── NoDiscordDoor       signing in with Discord is not set up
├── Gone
│   ├── StateExpired        the person took too long
│   ├── StateSpent          that sign-in is over already
│   └── CodeRefused         Discord does not know the code, or not any more
├── Conflict
│   └── DiscordLinked       the person has another Discord account linked already
├── Unprocessable
│   └── OnlyWayIn           without Discord the person could not sign in
└── Unavailable
    ├── DiscordAway         Discord answers late, with an error, or not at all
    └── DiscordMisfit       Discord does not know this server's id and secret
"""

from guildhall.core.errors import Conflict, Forbidden, Gone, NotFound, Unavailable, Unprocessable


class DiscordDenied(Forbidden):
    """The person, or Discord, said no on Discord's page."""

    code = "discord_denied"
    text = "Discord was not allowed to tell who you are; nothing was changed"


class StateForeign(Forbidden):
    """Another browser began this sign-in, or none did, or it belongs to another session."""

    code = "state_foreign"
    text = "This browser did not begin that sign-in with Discord, or has forgotten it; please begin again"


class AccountDisabled(Forbidden):
    """The account here is disabled."""

    code = "account_disabled"
    text = "Your account here is disabled; ask an administrator"


class NotInvited(Forbidden):
    """Nobody here has this Discord account, and its owner may not join by themselves."""

    code = "not_invited"
    text = (
        "Nobody here is linked to this Discord account, and it may not join by itself. If you have an account here, "
        "sign in with your password and link Discord on your account page; else ask an administrator"
    )


class NoDiscordDoor(NotFound):
    """The server has no application at Discord."""

    code = "oauth_not_configured"
    text = "Signing in with Discord is not set up here; sign in with your password"


class StateExpired(Gone):
    """The person took longer than a sign-in may take."""

    code = "state_expired"
    text = "That took too long; please begin the sign-in with Discord again"


class StateSpent(Gone):
    """The same return from Discord was seen before."""

    code = "state_spent"
    text = "That sign-in with Discord is over already; please begin again"


class CodeRefused(Gone):
    """Discord does not know the code that the browser brought, or not any more."""

    code = "discord_code_refused"
    text = "Discord no longer knows of that sign-in; please begin again"


class DiscordLinked(Conflict):
    """The person has another Discord account linked already."""

    code = "discord_linked"
    text = "You have another Discord account linked already; unlink it first"


class OnlyWayIn(Unprocessable):
    """Without Discord the person could not sign in any more."""

    code = "only_way_in"
    text = "You have no password, so Discord is your only way in and stays linked"


class DiscordAway(Unavailable):
    """Discord answers late, with an error, or not at all; `details.retry_after` is in seconds where it is known."""

    code = "discord_away"
    text = "Discord does not answer at this moment; please try again in a little while"


class DiscordMisfit(Unavailable):
    """Discord does not know this server's id and secret."""

    code = "discord_misfit"
    text = (
        "Discord does not accept this server's application; an administrator must set DISCORD_CLIENT_ID and "
        "DISCORD_CLIENT_SECRET right"
    )
