"""Refusals that only this dialect knows.

GuildhallError
├── Forbidden
│   └── OtherGuild           the token is for another guild
└── Invalid
    └── MalformedPath        a public address whose parts have not their form
"""

from guildhall.core.errors import Forbidden, InvalidField


class OtherGuild(Forbidden):
    """The token was made for another guild than the path names."""

    code = "other_guild"
    text = "This token is for another guild"


class MalformedPath(InvalidField):
    """A part of a public address has not its form; unlike all else that is malformed here, this is 400."""

    code = "malformed_path"
    text = "This address has a part of the wrong form"
