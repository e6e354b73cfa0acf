"""Refusals about files.

GuildhallError
├── NotFound
│   └── AttachmentNotFound  unknown, or not for the viewer's eyes
├── Forbidden
│   └── InvalidSignature    a link that we did not sign, or whose time is over
└── TooLarge
    └── FileTooLarge        details: limit, in bytes
"""

from guildhall.core.errors import Forbidden, NotFound, TooLarge


class AttachmentNotFound(NotFound):
    """No such file, or none that the viewer may have."""

    code = "attachment_not_found"
    text = "There is no such file"


class InvalidSignature(Forbidden):
    """The link was not signed here, or its time is over."""

    code = "invalid_signature"
    text = "This link is no longer valid"


class FileTooLarge(TooLarge):
    """One file has more bytes than a file may have."""

    text = "The file is too large"
