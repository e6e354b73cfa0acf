"""Commands of the front desk: used by slash or typed, and done in one way.

A family of commands is a module that lists them: what each is called, what it takes, who may use it by default and what
it does. `slash` tells Discord of them, `typed` reads them from messages, `doing` decides who may and lets it happen.
"""

from guildhall.bot.desk.commands.catalogue import COMMANDS
from guildhall.bot.desk.commands.slash import slash_commands
from guildhall.bot.desk.commands.typed import handle

__all__ = ["COMMANDS", "handle", "slash_commands"]
