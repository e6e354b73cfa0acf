"""Keys of Ethereum accounts, by eth-account, which is imported here and nowhere else.

It brings a library that raises Python's limit of recursion a hundredfold for the whole process. With that limit a
deeply nested JSON body is no error any more, but overflows the stack and kills the server.
"""

import sys

_limit = sys.getrecursionlimit()

from eth_account import Account  # noqa: E402 (between the limit as it was and its return)

sys.setrecursionlimit(_limit)

__all__ = ["Account"]
