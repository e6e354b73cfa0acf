"""Refusals about blocks.

GuildhallError
└── NotFound
    └── BlockNotFound
"""

from guildhall.core.errors import NotFound


class BlockNotFound(NotFound):
    """No such block."""

    code = "block_not_found"
    text = "There is no such block"
