"""The client: what a person does with a hub from a terminal.

It stands apart from the house: whoever runs it needs a server's address and nothing else, so it knows the wire and
imports neither domains nor core.
"""

from guildhall.client.commands import CLIENT_PANEL, add_client_commands

__all__ = ["CLIENT_PANEL", "add_client_commands"]
