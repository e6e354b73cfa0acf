"""People, for those who look after them."""

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains import identity
from guildhall.domains.identity import Permission, User
from guildhall.domains.identity.names import valid_password
from guildhall.panel.forms import change, show, text_or_none
from guildhall.panel.pages import PER_PAGE, page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House

PEOPLE = "/panel/people"
PERSON = "/panel/people/{alias}"
MANAGE = Permission.MANAGE_PEOPLE


class Search(QueryString, frozen=True, kw_only=True):
    """What to look for, and the number of the last person on the page before."""

    q: str = ""
    after: int = 0


class NewPerson(Form, frozen=True, kw_only=True):
    """Somebody who will sign in with a password."""

    name: str = ""
    email: str = ""
    password: str = ""


class RolesForm(Form, frozen=True, kw_only=True):
    """Roles, by comma."""

    roles: str = ""

    def words(self) -> list[str]:
        """Return the roles, each once, in small letters."""
        return list(dict.fromkeys(part.strip().lower() for part in self.roles.split(",") if part.strip()))


class PasswordForm(Form, frozen=True, kw_only=True):
    """A new password for somebody."""

    password: str = ""


@show(PEOPLE, permission=MANAGE)
async def list_people(query: Search, call: Call, tx: Tx) -> Answer:
    """List people, a page at a time."""
    return await _list(call, tx, query)


@change(PEOPLE, permission=MANAGE, transaction="none")
async def add_person(form: NewPerson, call: Call, actor: Actor, house: House) -> Answer:
    """Make an account with a password."""
    try:
        # A password takes its time to be hashed, which no transaction should wait for.
        password_hash = await house.passwords.hash(valid_password(form.password))
        async with house.database.write() as tx:
            user = await identity.create_person(
                tx,
                actor,
                sign_in_name=form.name,
                password_hash=password_hash,
                email=text_or_none(form.email),
                roles=[],
                now=house.clock.now(),
            )
    except GuildhallError as error:
        async with house.database.read() as tx:
            return await _list(call, tx, Search(), entered=form, error=error)
    return redirect(f"{PEOPLE}/{user.alias}")


@show(PERSON, permission=MANAGE)
async def show_person(alias: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Show one person."""
    return await _person(call, tx, house, await identity.access_user(tx, actor, alias))


@change(PERSON + "/roles", permission=MANAGE)
async def set_roles(alias: str, form: RolesForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Replace a person's roles."""
    user = await identity.access_user(tx, actor, alias, to_change=True)
    try:
        async with tx.savepoint():
            await identity.set_roles(tx, actor, user, form.words(), now=house.clock.now())
    except GuildhallError as error:
        return await _person(call, tx, house, user, entered=form.roles, refusal=Refusal.of(error))
    return redirect(told(f"{PEOPLE}/{alias}", "roles-set"))


@change(PERSON + "/password", permission=MANAGE, transaction="none")
async def set_password(alias: str, form: PasswordForm, call: Call, actor: Actor, house: House) -> Answer:
    """Set a person's password and end their sessions."""
    async with house.database.read() as tx:
        user = await identity.access_user(tx, actor, alias)
    try:
        await identity.set_password(
            house.database, house.passwords, actor, user, new=form.password, now=house.clock.now()
        )
    except GuildhallError as error:
        async with house.database.read() as tx:
            return await _person(call, tx, house, user, refusal=Refusal.of(error))
    return redirect(told(f"{PEOPLE}/{alias}", "password-set"))


@change(PERSON + "/sessions/end", permission=MANAGE)
async def end_sessions(alias: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """End every session of a person."""
    user = await identity.access_user(tx, actor, alias)
    await identity.end_sessions_of(tx, actor, user, now=house.clock.now())
    return redirect(told(f"{PEOPLE}/{alias}", "sessions-ended"))


async def _list(
    call: Call, tx: Tx, query: Search, *, entered: NewPerson | None = None, error: GuildhallError | None = None
) -> Answer:
    found = await identity.search_users(tx, text=query.q.strip() or None, after=query.after, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    refusal = Refusal.of(error) if error else None
    return page(
        call,
        "people.html",
        status=refusal.status if refusal else 200,
        title="People",
        query=query,
        people=shown,
        roles=await identity.public_roles_of_all(tx, shown),
        after=shown[-1].seq if len(found) > PER_PAGE else 0,
        entered=entered or NewPerson(),
        refusal=refusal,
    )


async def _person(
    call: Call, tx: Tx, house: House, user: User, *, entered: str | None = None, refusal: Refusal | None = None
) -> Answer:
    roles = await identity.roles_of(tx, user.id)
    given = ", ".join(role for role in roles if role != "super_admin")
    return page(
        call,
        "person.html",
        status=refusal.status if refusal else 200,
        title=user.display_name,
        user=user,
        roles=roles,
        entered=given if entered is None else entered,
        discord=await identity.discord_link_of(tx, user.id),
        sessions=await identity.sessions_of(tx, user.id, now=house.clock.now()),
        refusal=refusal,
    )
