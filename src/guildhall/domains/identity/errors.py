"""Refusals of identity.

GuildhallError
├── Unauthenticated
│   ├── WrongPassword      name and password do not fit
│   └── SessionEnded       the browser's session is over
├── Forbidden
│   ├── SessionRequired    only a person in a browser, or an app acting for them, may do this
│   ├── AdminRequired      only an administrator or the master key may do this
│   ├── MissingRole        the person lacks the role that this takes
│   ├── AppNotTrusted      a device app outside the device login
│   ├── SuperAdminRequired only the first administrator, and whom they made one, may do this
│   ├── WrongUser          the credential names another person
│   └── CsrfFailed         the form did not come from our own page
├── NotFound
│   ├── UserNotFound
│   ├── AppNotFound
│   ├── KeyNotFound
│   └── FeedNotFound
├── Invalid
│   ├── MissingUserId      the call acts for nobody
│   ├── InvalidUserId      not a form that ids may have
│   ├── InvalidEmail
│   ├── InvalidWallet      not an EVM address, or its checksum is wrong
│   └── WeakPassword
├── Conflict
│   └── NameTaken          somebody else signs in with this name
├── Unprocessable
│   └── LastAdmin          somebody must remain administrator
└── Limited
    └── TooManyAttempts    wrong passwords for this name or address
"""

from guildhall.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Limited,
    NotFound,
    Unauthenticated,
    Unprocessable,
)


class WrongPassword(Unauthenticated):
    """Name and password do not fit; which of the two is never told."""

    code = "wrong_password"
    text = "This name and password do not fit together"


class SessionEnded(Unauthenticated):
    """The browser's session is over."""

    code = "session_ended"
    text = "Your session has ended, please sign in again"


class AdminRequired(Forbidden):
    """Only an administrator or the master key may do this."""

    code = "admin_required"
    text = "Only an administrator may do this"


class SuperAdminRequired(Forbidden):
    """Being an administrator is not enough."""

    code = "super_admin_required"
    text = "Only a super administrator may do this"


class SessionRequired(Forbidden):
    """Only a person in a browser, or an app acting for them, may do this."""

    code = "session_required"
    text = "Do this in a browser where you are signed in"


class MissingRole(Forbidden):
    """The person lacks the role that this takes; being an administrator does not replace it."""

    code = "missing_role"
    text = "This takes a role that you do not have"


class AppNotTrusted(Forbidden):
    """A device app may only start and poll device logins."""

    code = "app_not_trusted"
    text = "This app may only start device logins"


class WrongUser(Forbidden):
    """The credential names another person."""

    code = "wrong_user"
    text = "This credential belongs to another user"


class CsrfFailed(Forbidden):
    """The form did not come from our own page, or the page is from an earlier session."""

    code = "csrf_failed"
    text = "This form is out of date, please reload the page and try again"


class UserNotFound(NotFound):
    """No such person."""

    code = "user_not_found"
    text = "There is no such user"


class AppNotFound(NotFound):
    """No such app, or one that is revoked."""

    code = "app_not_found"
    text = "There is no such app"


class KeyNotFound(NotFound):
    """No such key of this person."""

    code = "key_not_found"
    text = "There is no such key"


class FeedNotFound(NotFound):
    """No feed has this address."""

    code = "feed_not_found"
    text = "There is no calendar at this address"


class MissingUserId(Invalid):
    """The call needs a person to act for, and names none."""

    code = "missing_user_id"
    text = "Name the user you act for in X-User-Id"


class InvalidUserId(Invalid):
    """The id is too long or has characters that ids do not have."""

    code = "invalid_user_id"
    text = "A user id has at most 64 letters, digits and _ . : @ -"


class InvalidEmail(Invalid):
    """Not the form of a mail address."""

    code = "invalid_email"
    text = "This is not a mail address"


class InvalidWallet(Invalid):
    """Not 0x and 40 hex digits, or mixed case with a wrong checksum."""

    code = "invalid_wallet_address"
    text = "This is not an EVM address with a right checksum"


class WeakPassword(Invalid):
    """The password is too short or too long."""

    code = "weak_password"
    text = "A password has between 10 and 200 characters"


class NameTaken(Conflict):
    """Somebody else signs in with this name."""

    code = "name_taken"
    text = "Somebody already signs in with this name"


class LastAdmin(Unprocessable):
    """The last administrator cannot be removed by an administrator."""

    code = "last_admin"
    text = "This is the last administrator; appoint another one first"


class TooManyAttempts(Limited):
    """Too many sign-ins failed for this name or address."""

    code = "too_many_attempts"
    text = "Too many attempts, please wait before you try again"
