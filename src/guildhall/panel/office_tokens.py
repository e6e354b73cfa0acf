"""The tokens that people are rewarded with."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError, InvalidField
from guildhall.domains import ledger
from guildhall.domains.identity import Permission
from guildhall.domains.ledger import Token, TokenPlan
from guildhall.panel.forms import change, show, text_or_none, whole_number
from guildhall.panel.pages import file_words, page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form
from guildhall.web.calls import Call
from guildhall.web.house import House

TOKENS = "/panel/office/tokens"
MANAGE = Permission.MANAGE_ROOMS


class TokenForm(Form, frozen=True, kw_only=True):
    """What a token is worth, and where it lives."""

    hourly: str = "1"
    most: str = "100"
    chain_id: str = ""
    contract: str = ""
    decimals: str = "6"


class NewToken(Form, frozen=True, kw_only=True):
    """The code of a new token."""

    code: str = ""


@show(TOKENS, permission=MANAGE)
async def list_tokens(call: Call, tx: Tx, house: House) -> Answer:
    """List the tokens in their order."""
    tokens = await ledger.list_tokens(tx)
    return page(
        call,
        "office_tokens.html",
        title="Tokens",
        tokens=tokens,
        orderable=not any(token.managed_by_file for token in tokens),
        by_file=file_words(house),
    )


@show(TOKENS + "/new", permission=MANAGE)
async def show_new_token(call: Call) -> Answer:
    """Show an empty form for a token."""
    return _form(call, None, TokenForm(), "")


@change(TOKENS + "/new", permission=MANAGE)
async def create_token(new: NewToken, form: TokenForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Make a token."""
    code = new.code.strip().upper()
    try:
        if any(token.code == code for token in await ledger.list_tokens(tx)):
            raise InvalidField("The house has a token of this code already", field="code")
        async with tx.savepoint():
            await ledger.put_token(tx, actor, code=code, plan=_plan(form), now=house.clock.now())
    except GuildhallError as error:
        return _form(call, None, form, code, error=error)
    return redirect(told(TOKENS, "token-saved"))


@show(TOKENS + "/{code}", permission=MANAGE)
async def show_token(code: str, call: Call, tx: Tx) -> Answer:
    """Show the form of a token."""
    token = await ledger.access_token(tx, code)
    return _form(call, token, _filled(token), code)


@change(TOKENS + "/{code}", permission=MANAGE)
async def save_token(code: str, form: TokenForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Change what a token is worth, and where it lives."""
    token = await ledger.access_token(tx, code)
    try:
        async with tx.savepoint():
            await ledger.put_token(tx, actor, code=code, plan=_plan(form), now=house.clock.now())
    except GuildhallError as error:
        return _form(call, token, form, code, error=error)
    return redirect(told(TOKENS, "token-saved"))


@change(TOKENS + "/{code}/up", permission=MANAGE)
async def move_up(code: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Put a token before the one above it."""
    order = [token.code for token in await ledger.list_tokens(tx)]
    await ledger.order_tokens(tx, actor, _moved_up(order, code), now=house.clock.now())
    return redirect(told(TOKENS, "tokens-ordered"))


@change(TOKENS + "/{code}/remove", permission=MANAGE)
async def remove_token(code: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Remove a token that was never given."""
    token = await ledger.access_token(tx, code)
    await ledger.remove_token(tx, actor, token, now=house.clock.now())
    return redirect(told(TOKENS, "token-removed"))


def _moved_up(order: Sequence[str], code: str) -> list[str]:
    place = order.index(code) if code in order else 0
    others = [each for each in order if each != code]
    return [*others[: max(place - 1, 0)], code, *others[max(place - 1, 0) :]]


def _form(
    call: Call, token: Token | None, form: TokenForm, code: str, *, error: GuildhallError | None = None
) -> Answer:
    refusal = Refusal.of(error) if error else None
    return page(
        call,
        "office_token.html",
        status=refusal.status if refusal else 200,
        title=token.code if token else "A new token",
        token=token,
        form=form,
        code=code,
        by_file=file_words(call.house) if token and token.managed_by_file else "",
        refusal=refusal,
    )


def _plan(form: TokenForm) -> TokenPlan:
    """Return the plan that the form states. Raises InvalidField."""
    chain = form.chain_id.strip()
    return TokenPlan(
        hourly=_units(form.hourly, field="hourly"),
        most=_units(form.most, field="most"),
        chain_id=whole_number(chain, field="chain_id") if chain else None,
        contract=text_or_none(form.contract),
        decimals=whole_number(form.decimals, field="decimals"),
    )


def _units(text: str, *, field: str) -> int:
    return ledger.token_units(read_amount(text, field=field), field=field)


def read_amount(text: str, *, field: str) -> Decimal:
    """Read a field that holds an amount of tokens. Raises InvalidField."""
    try:
        amount = Decimal(text.strip().replace(",", "."))
    except InvalidOperation as fault:
        raise InvalidField("This must be a number", field=field) from fault
    if not amount.is_finite():
        raise InvalidField("This must be a number", field=field)
    return amount


def _filled(token: Token) -> TokenForm:
    return TokenForm(
        hourly=ledger.amount_text(token.hourly),
        most=ledger.amount_text(token.most),
        chain_id="" if token.chain_id is None else str(token.chain_id),
        contract=token.contract or "",
        decimals=str(token.decimals),
    )
