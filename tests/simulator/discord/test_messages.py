import io

import discord
import httpx
import pytest

from guildhall.simulator.discord import DiscordSimulator
from tests.services.discord import HastyBot
from tests.simulator.discord.conftest import Steer


async def test_what_a_bot_posts_is_there_when_it_is_read_back(
    bot: HastyBot, general: discord.TextChannel, rosa: str
) -> None:
    picture = discord.File(io.BytesIO(b"\x89PNG"), "a picture.png", description="a lantern")
    embed = discord.Embed(title="Tonight", description="We meet.", colour=0x4F7CAC, url="https://example.org/tonight")
    embed.add_field(name="Where", value="Lounge").set_image(url="attachment://a_picture.png").set_footer(text="soon")
    sent = await general.send(f"Hello <@{rosa}>", embed=embed, file=picture)
    assert [each.id for each in sent.mentions] == [int(rosa)]

    read = await general.fetch_message(sent.id)
    assert read.content == sent.content
    assert read.embeds[0].fields[0].value == "Lounge"
    assert read.embeds[0].image.url == read.attachments[0].url
    assert read.attachments[0].filename == "a_picture.png"
    assert read.attachments[0].content_type == "image/png"
    assert read.attachments[0].description == "a lantern"
    assert await read.attachments[0].read() == b"\x89PNG"

    edited = await sent.edit(content="Later", attachments=[discord.File(io.BytesIO(b"text"), "note.txt")])
    assert [each.filename for each in edited.attachments] == ["note.txt"]
    assert edited.edited_at is not None
    answer = await sent.reply("Fine")
    assert answer.reference is not None
    assert answer.reference.message_id == sent.id
    assert [each.id async for each in general.history(limit=2)] == [answer.id, sent.id]
    assert [each.id async for each in general.history(after=sent)] == [answer.id]
    assert [each.id async for each in general.history(before=answer, limit=1)] == [sent.id]
    assert [each.id async for each in general.history(around=sent, limit=3)] == [answer.id, sent.id]

    await sent.delete()
    with pytest.raises(discord.NotFound) as missing:
        await general.fetch_message(sent.id)
    assert missing.value.code == 10008


async def test_a_bot_hears_what_people_write_change_and_delete(
    bot: HastyBot, general: discord.TextChannel, steer: Steer, rosa: str
) -> None:
    channel = str(general.id)
    said = await steer("POST", "/messages", channel_id=channel, author_id=rosa, content="Anybody here?")
    (message,) = await bot.hears("message")
    assert (message.content, message.author.id, message.guild) == ("Anybody here?", int(rosa), general.guild)
    await steer("PATCH", f"/messages/{channel}/{said['id']}", content="Anybody at all?")
    before, after = await bot.hears("message_edit")
    assert (before.content, after.content) == ("Anybody here?", "Anybody at all?")

    await message.add_reaction("👋")
    await steer("POST", "/reactions", channel_id=channel, message_id=said["id"], user_id=rosa, emoji="👋")
    reaction, user = await bot.hears("reaction_add", lambda _, user: user.id == int(rosa))
    assert (reaction.count, reaction.me, user.name) == (2, True, "rosa.m")
    assert bot.user is not None
    assert {each.id async for each in reaction.users()} == {bot.user.id, int(rosa)}
    await message.remove_reaction("👋", user)
    await bot.hears("reaction_remove")
    await message.clear_reactions()
    await bot.hears("reaction_clear")

    await steer("POST", "/typing", channel_id=channel, user_id=rosa)
    where, who, _ = await bot.hears("typing")
    assert (where.id, who.id) == (general.id, int(rosa))
    await steer("DELETE", f"/messages/{channel}/{said['id']}")
    (gone,) = await bot.hears("message_delete")
    assert gone.id == message.id


async def test_a_bot_and_a_person_write_to_each_other_in_private(
    simulator: DiscordSimulator, bot: HastyBot, guild: discord.Guild, steer: Steer, rosa: str
) -> None:
    letter = {"filename": "letter.txt", "content": "for you"}
    await steer("POST", "/messages", dm_of=rosa, author_id=rosa, content="I need help", attachments=[letter])
    (message,) = await bot.hears("message")
    assert message.guild is None
    assert isinstance(message.channel, discord.DMChannel)
    assert await message.attachments[0].read() == b"for you"
    await message.channel.send("What is it?")
    assert [each.content async for each in message.channel.history()] == ["What is it?", "I need help"]
    (conversation,) = (await steer("GET", "/state"))["dms"]
    assert [each["content"] for each in conversation["messages"]] == ["I need help", "What is it?"]

    closed = await steer("POST", "/users", username="hermit", closed=True)
    stranger = await steer("POST", "/users", username="stranger")
    await steer("PUT", f"/guilds/{guild.id}/members/{closed['id']}")
    for person in (closed, stranger):
        user = await bot.fetch_user(int(person["id"]))
        with pytest.raises(discord.Forbidden) as refused:
            await user.send("Hello?")
        assert refused.value.code == 50007


async def test_a_nonce_that_is_enforced_posts_once(general: discord.TextChannel, client: httpx.AsyncClient) -> None:
    first = await general.send("Once", nonce=7)
    again = await general.send("Once", nonce=7)
    assert again.id == first.id
    assert [each.id async for each in general.history()] == [first.id]
    body = {"content": "Twice", "nonce": "7"}
    free = await client.post(f"/api/v10/channels/{general.id}/messages", json=body)
    assert free.json()["id"] != str(first.id)


async def test_refusals_have_discords_codes(
    simulator: DiscordSimulator, bot: HastyBot, general: discord.TextChannel, client: httpx.AsyncClient, steer: Steer
) -> None:
    for content, code in (("", 50006), ("x" * 2001, 50035)):
        with pytest.raises(discord.HTTPException) as bad:
            await general.send(content)
        assert (bad.value.status, bad.value.code) == (400, code)
    assert "2000 or fewer" in bad.value.text

    api = "/api/v10"
    embed = {"title": "x" * 257, "fields": [{"name": "", "value": "x"}]}
    answer = await client.post(f"{api}/channels/{general.id}/messages", json={"embeds": [{}, embed]})
    assert set(answer.json()["errors"]["embeds"]["1"]) == {"title", "fields"}
    assert answer.headers["Content-Type"] == "application/json"
    assert (await client.post(f"{api}/channels/{general.id}/messages", content=b"{")).json()["code"] == 50109

    refusals = {
        f"{api}/channels/1": 10003,
        f"{api}/channels/{general.id}/messages/1": 10008,
        f"{api}/guilds/1": 10004,
        f"{api}/users/1": 10013,
        f"{api}/guilds/{general.guild.id}/members/1": 10007,
        f"{api}/guilds/{general.guild.id}/roles/1": 10011,
        f"{api}/guilds/{general.guild.id}/bans/1": 10026,
        f"{api}/webhooks/1": 10015,
        f"{api}/applications/{simulator.world.application.id}/commands/1": 10063,
    }
    for path, code in refusals.items():
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code), path
    assert (await client.get(f"{api}/channels/general")).json()["code"] == 50035
    assert (await client.get(f"{api}/nowhere")).json() == {"message": "404: Not Found", "code": 0}
    assert (await client.put(f"{api}/users/@me")).status_code == 405
    assert (await client.get(f"{api}/users/@me", headers={"Authorization": "Bot nonsense"})).status_code == 401


async def test_a_bot_that_may_not_post_is_refused(
    simulator: DiscordSimulator, bot: HastyBot, guild: discord.Guild, general: discord.TextChannel
) -> None:
    await general.set_permissions(guild.me, send_messages=False)
    with pytest.raises(discord.Forbidden) as mute:
        await general.send("Hello")
    assert mute.value.code == 50013
    await general.set_permissions(guild.me, send_messages=True, attach_files=False)
    with pytest.raises(discord.Forbidden) as bare:
        await general.send("Hello", file=discord.File(io.BytesIO(b"x"), "x.txt"))
    assert bare.value.code == 50013
    await general.set_permissions(guild.me, view_channel=False, manage_channels=True)
    with pytest.raises(discord.Forbidden) as blind:
        await general.send("Hello")
    assert blind.value.code == 50001
    assert [each.content for each in simulator.world.channels[str(general.id)].messages.values()] == []


async def test_many_messages_are_removed_at_once_and_some_are_pinned(
    bot: HastyBot, general: discord.TextChannel
) -> None:
    sent = [await general.send(str(number)) for number in range(4)]
    await sent[0].pin()
    assert [each.id async for each in general.pins()] == [sent[0].id]
    await sent[0].unpin()
    assert [each.id async for each in general.pins()] == []
    await general.delete_messages(sent[1:3])
    await bot.hears("bulk_message_delete")
    assert [each.content async for each in general.history()] == ["3", "0"]


async def test_a_webhook_posts_without_a_bot(bot: HastyBot, general: discord.TextChannel) -> None:
    hook = await general.create_webhook(name="Herald")
    await bot.hears("webhooks_update")
    sent = await hook.send("News", username="Crier", wait=True)
    assert (sent.author.name, sent.webhook_id) == ("Crier", hook.id)
    await sent.edit(content="Old news")
    (heard,) = await bot.hears("message")
    assert heard.content == "News"
    assert [each.content async for each in general.history()] == ["Old news"]
    await sent.delete()
    assert [each.id for each in await general.webhooks()] == [hook.id]
    await hook.delete()
    with pytest.raises(discord.NotFound) as gone:
        await hook.send("Nobody")
    assert gone.value.code == 10015
