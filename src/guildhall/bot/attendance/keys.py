"""Signing keys. Passphrases are asked for in a window: what is typed as an option stays in the client's history."""

from functools import partial

import discord
from discord import ui

from guildhall.bot.attendance.guests import enter_as_manager
from guildhall.bot.speech import BRASS, GREEN, own_words
from guildhall.bot.tree import Interaction, Reply, actor_of, answer, explain
from guildhall.bot.words import Words
from guildhall.core.errors import InvalidField
from guildhall.domains import attendance
from guildhall.domains.attendance import SigningKey
from guildhall.domains.attendance.errors import NotManager

SHORTEST, LONGEST = 8, 1024


class Form(ui.Modal):
    """A window that asks for a passphrase."""

    def __init__(self, title: str, words: Words) -> None:
        super().__init__(title=title)
        self.words = words
        self.passphrase: ui.TextInput[Form] = ui.TextInput(custom_id="passphrase", max_length=LONGEST)

    async def on_error(  # type: ignore[override]  # The library's own modal takes these.
        self, interaction: discord.Interaction, error: Exception
    ) -> None:
        """Tell whoever sent the form why it did not work."""
        await explain(interaction, error)  # type: ignore[arg-type]  # The library does not know whose bot this is.


class UnlockForm(Form):
    """Asks for the passphrase of the key."""

    def __init__(self, words: Words) -> None:
        super().__init__(words("key.form.unlock"), words)
        self.add_item(ui.Label(text=words("key.form.passphrase"), component=self.passphrase))

    async def on_submit(self, interaction: Interaction) -> None:  # type: ignore[override]  # As above.
        """Unlock the key."""
        await answer(interaction, partial(_unlock, interaction, self.passphrase.value))


class GenerateForm(Form):
    """Asks for the passphrase of a new key, twice: nobody sees a mistake in it before it is too late."""

    def __init__(self, words: Words) -> None:
        super().__init__(words("key.form.generate"), words)
        self.passphrase.min_length = SHORTEST
        self.again: ui.TextInput[Form] = ui.TextInput(custom_id="again", min_length=SHORTEST, max_length=LONGEST)
        warning = words("key.form.warning")
        self.add_item(ui.Label(text=words("key.form.passphrase"), description=warning, component=self.passphrase))
        self.add_item(ui.Label(text=words("key.form.again"), component=self.again))

    async def on_submit(self, interaction: Interaction) -> None:  # type: ignore[override]  # As above.
        """Make the key."""
        await answer(interaction, partial(_generate, interaction, self.passphrase.value, self.again.value))


async def ask(interaction: Interaction, form: type[UnlockForm] | type[GenerateForm]) -> None:
    """Open a window. Whether the house agrees that somebody may manage the guild is checked when they send it.

    There is no time to ask Discord before a window must open, so here it is what Discord itself told with the command.
    Raises NotManager.
    """
    if not interaction.permissions.manage_guild:
        raise NotManager
    await interaction.response.send_modal(form(own_words(interaction)))


async def _generate(interaction: Interaction, passphrase: str, again: str) -> Reply:
    house, guild_id, words = interaction.client.house, await enter_as_manager(interaction), own_words(interaction)
    if passphrase != again:
        raise InvalidField(words("key.form.differ"), field="again")
    key = await attendance.generate_key(
        house.database,
        house.keyring,
        actor_of(interaction),
        guild_id=guild_id,
        passphrase=passphrase,
        now=house.clock.now(),
    )
    embed = discord.Embed(title=words("key.generated"), description=words("key.generated.about"), colour=GREEN)
    return Reply(_with_key(embed, key, words))


async def _unlock(interaction: Interaction, passphrase: str) -> Reply:
    house, guild_id, words = interaction.client.house, await enter_as_manager(interaction), own_words(interaction)
    opened = await attendance.unlock_key(
        house.database,
        house.keyring,
        actor_of(interaction),
        guild_id=guild_id,
        passphrase=passphrase,
        now=house.clock.now(),
    )
    waiting = words("key.unlocked.none")
    if opened.queued.sessions or opened.queued.periods:
        waiting = words("key.unlocked.waiting", sessions=opened.queued.sessions, periods=opened.queued.periods)
    return Reply(discord.Embed(title=words("key.unlocked"), description=waiting, colour=GREEN))


async def show_public(interaction: Interaction) -> Reply:
    """Show the public key that verifies what this guild signs."""
    house, guild_id, words = interaction.client.house, await enter_as_manager(interaction), own_words(interaction)
    async with house.database.read() as tx:
        keys = await attendance.public_keys(tx, guild_id=guild_id)
        status = await attendance.signing_status(tx, house.keyring, guild_id=guild_id)
    active = next(key for key in keys if key.active)
    embed = _with_key(
        discord.Embed(title=words("key.public"), colour=GREEN if status.unlocked else BRASS), active, words
    )
    embed.add_field(name=words("key.made"), value=discord.utils.format_dt(active.created_at, "D"))
    embed.add_field(name=words("key.state"), value=words(f"key.state.{'open' if status.unlocked else 'locked'}"))
    retired = [words.counted("key.retired", len(keys) - 1)] if len(keys) > 1 else []
    address = f"{house.settings.public_url}/verify/keys/{guild_id}"
    embed.description = "\n".join([*retired, words("key.elsewhere", address=address)])
    return Reply(embed)


def _with_key(embed: discord.Embed, key: SigningKey, words: Words) -> discord.Embed:
    embed.add_field(name=words("key.public"), value=f"```\n{key.public_key}\n```", inline=False)
    return embed.add_field(name=words("key.id"), value=f"`{key.id}`", inline=False)
