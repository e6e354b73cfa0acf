"""Mints on a real chain, by a node that may misbehave: each exactly once, and none left behind."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import msgspec
import pytest

from guildhall.adapters.evm import EvmChain
from guildhall.core.actor import SYSTEM, Actor, ActorKind
from guildhall.core.db import Database, command, query
from guildhall.core.errors import Forbidden
from guildhall.domains import ledger
from guildhall.domains.identity import Permission
from guildhall.domains.ledger import ChainMint, Mint, MintState, Sender, Token
from guildhall.domains.ledger.chain_mints import TTL, SigningRight
from guildhall.domains.ledger.mint_models import MintTransaction, mint_transactions, mints
from guildhall.domains.ledger.sender import BURIED, IN_FLIGHT
from tests.clock import SettableClock
from tests.services.chain import ChainServer, Mintable, Proxy, deploy, new_wallet, says, swallows_answer, tells

ADMINISTRATOR = Actor(ActorKind.OPERATOR, permissions=frozenset({Permission.MANAGE_SYSTEM}))
EVERY_MINT = query(ChainMint, mints.select().order_by(mints.c.id))
EVERY_TRANSACTION = query(
    MintTransaction, mint_transactions.select().order_by(mint_transactions.c.nonce, mint_transactions.c.fee)
)
THREE = 3_000_000


class Minting:
    """A house with a token on the chain, and what became of its mints."""

    def __init__(self, database: Database, clock: SettableClock, mintable: Mintable, chain: EvmChain) -> None:
        self.database = database
        self.clock = clock
        self.mintable = mintable
        self.chain = chain
        self.sender = self.another_sender()

    def another_sender(self, *, patience: float = 0) -> Sender:
        """Return a sender as another process would have it, which takes one step in a turn."""
        return Sender(self.database, self.chain, self.clock, patience=timedelta(seconds=patience))

    async def queue(self, *wallets: str, amount: int = THREE, name: str = "") -> list[ChainMint]:
        """Queue a mint for each wallet."""
        async with self.database.write() as tx:
            token = await ledger.access_token(tx, "CHT")
            wanted = [Mint("CHT", amount, wallet, f"test:{name}:{wallet}") for wallet in wallets]
            return await ledger.queue_mints(tx, token, wanted, now=self.clock.now())

    async def turn(self, *, times: int = 1) -> None:
        """Let the sender look so many times, long after it last was told to rest."""
        for _ in range(times):
            self.clock.advance(timedelta(seconds=1))
            await self.sender.take_turn()

    async def all(self) -> Sequence[ChainMint]:
        """Return all mints, oldest first."""
        async with self.database.read() as tx:
            return await tx.all(EVERY_MINT)

    async def states(self) -> list[str]:
        """Return the states of the mints that are for somebody."""
        return [each.state.value for each in await self.all() if each.kind == "mint"]

    async def signed(self) -> Sequence[MintTransaction]:
        """Return every transaction that was ever signed."""
        async with self.database.read() as tx:
            return await tx.all(EVERY_TRANSACTION)

    async def alerts(self) -> list[str]:
        """Return what the operator is told."""
        async with self.database.read() as tx:
            return await ledger.mint_alerts(tx, now=self.clock.now())


@pytest.fixture
async def minting(database: Database, clock: SettableClock, mintable: Mintable, proxy: Proxy) -> AsyncIterator[Minting]:
    """A house whose node is the proxy."""
    async with database.write() as tx:
        await tx.insert(token_on(mintable, clock))
    chain = EvmChain(proxy.url, mintable.key)
    yield Minting(database, clock, mintable, chain)
    await chain.close()


def token_on(mintable: Mintable, clock: SettableClock) -> Token:
    """Return the token of a house whose contract is this one."""
    return Token(
        code="CHT",
        hourly=1_000_000,
        most=100_000_000,
        chain_id=mintable.chain.chain_id,
        contract=mintable.contract,
        decimals=mintable.decimals,
        created_at=clock.now(),
    )


async def test_a_mint_is_signed_written_down_sent_and_then_confirmed_by_its_receipt(
    minting: Minting, chain: ChainServer
) -> None:
    chain.hold()
    wallets = [new_wallet() for _ in range(3)]
    await minting.queue(*wallets)
    assert await minting.states() == ["queued"] * 3
    await minting.turn()
    assert await minting.states() == ["sent"] * 3
    stored = await minting.signed()
    assert [each["hash"] for each in chain.pool()] == [each.tx_hash for each in stored]
    assert [each.nonce for each in stored] == [0, 1, 2]
    await minting.turn()
    assert await minting.states() == ["sent"] * 3
    chain.mine()
    await minting.turn()
    assert await minting.states() == ["confirmed"] * 3
    assert [minting.mintable.held_by(wallet) for wallet in wallets] == [THREE] * 3
    assert [each.tx_hash for each in await minting.all()] == [each.tx_hash for each in stored]
    await minting.turn()
    assert minting.mintable.used_nonces == 3
    assert await minting.alerts() == []


async def test_amounts_are_written_in_the_decimals_of_the_contract_and_never_rounded(
    minting: Minting, chain: ChainServer, clock: SettableClock
) -> None:
    fine, coarse = deploy(chain, 18), deploy(chain, 2)
    async with minting.database.write() as tx:
        for code, contract in (("FINE", fine), ("COARSE", coarse)):
            await tx.insert(msgspec.structs.replace(token_on(contract, clock), code=code))
        found = {each.code: each for each in await ledger.list_tokens(tx)}
        most = Mint("FINE", 100_000_000, new_wallet(), "fine")
        (mint,) = await ledger.queue_mints(tx, found["FINE"], [most], now=clock.now())
        assert mint.units == str(100 * 10**18)
        half = Mint("COARSE", 2_500_000, new_wallet(), "coarse")
        (mint,) = await ledger.queue_mints(tx, found["COARSE"], [half], now=clock.now())
        assert mint.units == "250"
    for token, ref, refusal in (
        (found["COARSE"], "other", ledger.InvalidAmount),
        (found["FINE"], "fine", ledger.EntryExists),
        (msgspec.structs.replace(found["FINE"], chain_id=None, contract=None), "none", ledger.UnknownToken),
    ):
        wanted = [Mint(token.code, 1_000, new_wallet(), ref)]
        with pytest.raises(refusal):
            async with minting.database.write() as tx:
                await ledger.queue_mints(tx, token, wanted, now=clock.now())


async def test_an_answer_that_is_lost_after_sending_is_neither_success_nor_sent_twice(
    minting: Minting, proxy: Proxy, chain: ChainServer
) -> None:
    chain.hold()
    proxy.behave("eth_sendRawTransaction", swallows_answer)
    wallet = new_wallet()
    await minting.queue(wallet)
    await minting.turn()
    assert await minting.states() == ["signed"]
    assert len(chain.pool()) == 1
    (alert,) = await minting.alerts()
    assert "The chain has not answered since" in alert
    assert minting.mintable.key[2:] not in alert
    assert proxy.url not in alert
    proxy.behave("eth_sendRawTransaction")
    asked = len(proxy.asked)
    await minting.sender.take_turn()
    assert len(proxy.asked) == asked, "it rests a little before it asks again"
    await minting.turn(times=4)
    assert await minting.states() == ["sent"]
    chain.mine()
    await minting.turn()
    assert await minting.states() == ["confirmed"]
    assert (minting.mintable.held_by(wallet), len(await minting.signed())) == (THREE, 1)
    assert await minting.alerts() == []


@pytest.mark.parametrize("words", ["already known", "nonce too low", "replacement transaction underpriced", "busy"])
async def test_whatever_a_node_says_to_a_transaction_the_chain_decides(
    minting: Minting, proxy: Proxy, chain: ChainServer, words: str
) -> None:
    """The node refuses one that it takes nevertheless, and one that it does not take."""

    def takes_it_and_refuses(forward: object) -> object:
        assert callable(forward)
        forward()
        return says(words)(lambda: None)

    taken, lost = new_wallet(), new_wallet()
    proxy.behave("eth_sendRawTransaction", takes_it_and_refuses)
    await minting.queue(taken, name="taken")
    await minting.turn()
    assert await minting.states() == ["signed"]
    await minting.turn()
    assert await minting.states() == ["confirmed"]
    proxy.behave("eth_sendRawTransaction", says(words))
    await minting.queue(lost, name="lost")
    await minting.turn(times=3)
    assert await minting.states() == ["confirmed", "signed"]
    assert (await minting.all())[1].said == f"The node says: {words}"
    proxy.behave("eth_sendRawTransaction")
    await minting.turn(times=2)
    assert await minting.states() == ["confirmed", "confirmed"]
    assert [minting.mintable.held_by(each) for each in (taken, lost)] == [THREE, THREE]
    assert len(await minting.signed()) == 2


async def test_a_transaction_that_the_node_forgot_is_sent_again_byte_by_byte(
    minting: Minting, chain: ChainServer
) -> None:
    chain.hold()
    wallet = new_wallet()
    await minting.queue(wallet)
    await minting.turn()
    dropped = chain.drop()
    await minting.turn()
    assert [each["hash"] for each in chain.pool()] == dropped
    chain.mine()
    await minting.turn()
    assert (await minting.states(), minting.mintable.held_by(wallet)) == (["confirmed"], THREE)


async def test_one_that_is_stuck_is_made_a_fifth_dearer_and_any_of_its_hashes_may_be_the_one(
    minting: Minting, proxy: Proxy, chain: ChainServer
) -> None:
    chain.hold()
    wallet, behind = new_wallet(), new_wallet()
    await minting.queue(wallet, behind)
    await minting.turn()
    first, second = [each["hash"] for each in chain.pool()]
    minting.clock.advance(timedelta(seconds=61))
    await minting.turn()
    cheap, dear, other = await minting.signed()
    assert (cheap.tx_hash, cheap.nonce, dear.nonce, other.tx_hash) == (first, 0, 0, second)
    assert cheap.fee * 1.2 <= dear.fee <= cheap.fee * 1.2 + 1
    assert {each["hash"] for each in chain.pool()} == {dear.tx_hash, second}
    await minting.turn(times=3)
    assert len(await minting.signed()) == 3, "the next wait is longer"

    # The dearer one is lost on its way, and the cheap one is in a block after all.
    chain.drop()
    for each in (cheap, other):
        chain.ask("eth_sendRawTransaction", each.raw)
    chain.mine()
    await minting.turn()
    assert await minting.states() == ["confirmed"] * 2
    assert (await minting.all())[0].tx_hash == cheap.tx_hash
    assert [minting.mintable.held_by(each) for each in (wallet, behind)] == [THREE, THREE]


async def test_a_nonce_that_somebody_else_used_is_given_up_only_when_a_buried_block_shows_it(
    minting: Minting, chain: ChainServer
) -> None:
    chain.hold()
    wallet = new_wallet()
    await minting.queue(wallet)
    await minting.turn()
    (lost,) = await minting.signed()
    other = minting.mintable.use_nonce(0)
    chain.mine(0)
    await minting.turn(times=2)
    (mint,) = await minting.all()
    assert (mint.state, mint.nonce) == (MintState.SENT, 0)
    assert other in (mint.said or "")
    chain.mine(BURIED)
    await minting.turn(times=2)
    (mint,) = await minting.all()
    assert (mint.state, mint.nonce) == (MintState.CONFIRMED, 1)
    assert minting.mintable.held_by(wallet) == THREE
    assert [each.tx_hash for each in await minting.signed()] == [lost.tx_hash, mint.tx_hash]


async def test_a_node_that_counts_too_many_makes_no_second_mint(
    minting: Minting, proxy: Proxy, chain: ChainServer
) -> None:
    chain.hold()
    wallet = new_wallet()
    await minting.queue(wallet)
    await minting.turn()
    proxy.behave("eth_getTransactionCount", tells("0x7"))
    chain.mine(BURIED)
    chain.hold()
    proxy.behave("eth_getTransactionReceipt", tells(None))
    await minting.turn(times=3)
    (mint,) = await minting.all()
    assert (mint.state, mint.nonce) == (MintState.SENT, 0)
    proxy.behave("eth_getTransactionReceipt")
    await minting.turn()
    assert await minting.states() == ["confirmed"]
    assert (minting.mintable.held_by(wallet), minting.mintable.used_nonces) == (THREE, 1)


async def test_a_gap_that_a_lie_about_the_nonce_has_left_is_closed(
    minting: Minting, proxy: Proxy, chain: ChainServer
) -> None:
    proxy.behave("eth_getTransactionCount", tells("0x14"))
    early, late = new_wallet(), new_wallet()
    await minting.queue(early)
    await minting.turn()
    (mint,) = await minting.all()
    assert (mint.state, mint.nonce) == (MintState.SENT, 20)
    proxy.behave("eth_getTransactionCount")
    await minting.queue(late)
    await minting.turn(times=6)
    assert await minting.states() == ["confirmed", "confirmed"]
    assert [minting.mintable.held_by(each) for each in (early, late)] == [THREE, THREE]
    assert minting.mintable.supply == 2 * THREE
    assert minting.mintable.used_nonces == 21
    assert {each.state for each in await minting.all()} == {MintState.CONFIRMED}
    assert await minting.alerts() == []


async def test_a_gap_too_large_to_close_is_told(minting: Minting, proxy: Proxy) -> None:
    proxy.behave("eth_getTransactionCount", tells("0xffff"))
    await minting.queue(new_wallet())
    await minting.turn()
    proxy.behave("eth_getTransactionCount")
    await minting.turn(times=2)
    minting.clock.advance(timedelta(minutes=11))
    (alert,) = await minting.alerts()
    assert alert == ("1 mint is not final after 10 minutes: The chain is at nonce 0, which is far before 65535")
    assert len(await minting.signed()) == 1


async def test_a_node_that_counts_too_few_neither_mints_twice_nor_uses_a_nonce_again(
    minting: Minting, proxy: Proxy, chain: ChainServer
) -> None:
    minting.mintable.use_nonce(0)
    await minting.queue(*(first := [new_wallet() for _ in range(3)]))
    await minting.turn(times=2)
    assert await minting.states() == ["confirmed"] * 3
    proxy.behave("eth_getTransactionCount", tells("0x0"))
    await minting.queue(*(second := [new_wallet() for _ in range(3)]))
    await minting.turn(times=2)
    assert await minting.states() == ["confirmed"] * 6
    assert [each.nonce for each in await minting.all()] == [1, 2, 3, 4, 5, 6]
    assert [minting.mintable.held_by(each) for each in (*first, *second)] == [THREE] * 6
    assert minting.mintable.supply == 6 * THREE


async def test_a_nonce_that_was_used_before_a_lie_made_it_look_free_is_given_up(
    minting: Minting, proxy: Proxy, chain: ChainServer
) -> None:
    for nonce in range(3):
        minting.mintable.use_nonce(nonce)
    proxy.behave("eth_getTransactionCount", tells("0x1"))
    wallet = new_wallet()
    await minting.queue(wallet)
    await minting.turn(times=2)
    (mint,) = await minting.all()
    assert (mint.state, mint.nonce, mint.said) == (MintState.SIGNED, 1, "The node says: nonce too low")
    proxy.behave("eth_getTransactionCount")
    chain.mine(BURIED)
    await minting.turn(times=2)
    (mint,) = await minting.all()
    assert (mint.state, mint.nonce) == (MintState.CONFIRMED, 3)
    assert minting.mintable.supply == minting.mintable.held_by(wallet) == THREE


async def test_a_mint_that_the_contract_reverts_fails_and_an_administrator_can_retry_it(
    minting: Minting, chain: ChainServer
) -> None:
    chain.hold()
    wallet = new_wallet()
    await minting.queue(wallet)
    await minting.turn()
    minting.mintable.let_mint(may=False)
    chain.mine(0)
    await minting.turn()
    assert await minting.states() == ["sent"], "it may come undone"
    chain.mine(BURIED)
    await minting.turn()
    (mint,) = await minting.all()
    assert (mint.state, mint.said) == (MintState.FAILED, "The contract refused the mint after it was sent")
    assert await minting.alerts() == ["1 mint is refused by the chain; see why, then retry"]

    # A second time it is found out before anything is signed.
    await retry(minting, mint)
    await minting.turn()
    (mint,) = await minting.all()
    assert mint.state is MintState.FAILED
    assert "not a minter" in (mint.said or "")
    assert len(await minting.signed()) == 1

    minting.mintable.let_mint(may=True)
    for actor, mint_id, refusal in (
        (SYSTEM, mint.id, Forbidden),
        (ADMINISTRATOR, "nothing", ledger.MintNotFound),
    ):
        with pytest.raises(refusal):
            async with minting.database.write() as tx:
                await ledger.retry_mint(tx, actor, mint_id, now=minting.clock.now())
    await retry(minting, mint)
    await minting.turn(times=2)
    (mint,) = await minting.all()
    assert (mint.state, mint.nonce) == (MintState.CONFIRMED, 1)
    assert minting.mintable.held_by(wallet) == THREE
    with pytest.raises(ledger.MintNotFailed):
        await retry(minting, mint)


async def retry(minting: Minting, mint: ChainMint) -> None:
    async with minting.database.write() as tx:
        await ledger.retry_mint(tx, ADMINISTRATOR, mint.id, now=minting.clock.now())


async def test_while_the_node_is_down_mints_wait_ever_longer_and_then_go(
    minting: Minting, proxy: Proxy, chain: ChainServer
) -> None:
    proxy.is_down = True
    wallet = new_wallet()
    await minting.queue(wallet)
    await minting.sender.take_turn()
    assert await minting.states() == ["queued"]
    rests = []
    for _ in range(9):
        asked, waited = len(proxy.asked), 0
        while len(proxy.asked) == asked:
            await minting.turn()
            waited += 1
        rests.append(waited)
    assert rests == [2, 4, 8, 16, 32, 64, 128, 256, 300]
    (alert, late) = await minting.alerts()
    assert "The chain has not answered since" in alert
    assert late == "1 mint is not final after 10 minutes"
    proxy.is_down = False
    minting.clock.advance(timedelta(minutes=5))
    await minting.turn(times=2)
    assert (await minting.states(), minting.mintable.held_by(wallet)) == (["confirmed"], THREE)
    assert await minting.alerts() == []


@pytest.mark.parametrize("garbage", [None, "yes", 7, {}, [], "0xzz"])
async def test_answers_that_make_no_sense_change_nothing(minting: Minting, proxy: Proxy, garbage: object) -> None:
    wallet = new_wallet()
    await minting.queue(wallet)
    for method in ("eth_getTransactionCount", "eth_blockNumber", "eth_estimateGas", "eth_getBlockByNumber"):
        proxy.behave(method, tells(garbage))
        minting.clock.advance(timedelta(minutes=6))
        await minting.turn()
        assert await minting.states() == ["queued"], method
        assert len(await minting.alerts()) >= 1
        proxy.behave(method)
    minting.clock.advance(timedelta(minutes=6))
    await minting.turn(times=2)
    assert (await minting.states(), minting.mintable.supply) == (["confirmed"], THREE)


async def test_who_lost_the_lease_signs_nothing_and_whoever_has_it_goes_on(
    minting: Minting, chain: ChainServer
) -> None:
    """The first is frozen while it asks for a price, and wakes when another process has the lease."""
    other = SigningRight(minting.mintable.minter, "another process")
    price_of = minting.chain.quote

    async def freeze(call: ledger.Call) -> ledger.Quote:
        quote = await price_of(call)
        minting.clock.advance(TTL)
        async with minting.database.write() as tx:
            assert await other.take(tx, minting.clock.now())
        return quote

    wallets = [new_wallet() for _ in range(2)]
    await minting.queue(*wallets)
    minting.chain.quote = freeze  # type: ignore[method-assign]  # the fault
    await minting.turn()
    minting.chain.quote = price_of  # type: ignore[method-assign]  # the fault
    assert (await minting.states(), await minting.signed()) == (["queued"] * 2, [])
    await minting.turn(times=3)
    assert await minting.states() == ["queued"] * 2
    async with minting.database.write() as tx:
        await other.give_back(tx)
    await asyncio.gather(*(sender.take_turn() for sender in (minting.sender, minting.another_sender())))
    await minting.turn(times=2)
    assert await minting.states() == ["confirmed"] * 2
    assert [each.nonce for each in await minting.signed()] == [0, 1]
    assert minting.mintable.supply == 2 * THREE


async def test_a_mint_for_another_chain_waits_and_is_told(minting: Minting) -> None:
    (mint,) = await minting.queue(new_wallet())
    async with minting.database.write() as tx:
        await tx.run(command(mints.update().values(chain_id=mint.chain_id + 1)))
    await minting.turn(times=2)
    assert await minting.states() == ["queued"]
    minting.clock.advance(timedelta(minutes=10))
    assert await minting.alerts() == ["1 mint is not final after 10 minutes"]


async def test_many_mints_go_in_small_lots_and_each_has_a_nonce_of_its_own(
    minting: Minting, chain: ChainServer
) -> None:
    chain.hold()
    wallets = [new_wallet() for _ in range(24)]
    await minting.queue(*wallets)
    await minting.turn(times=2)
    assert len(chain.pool()) == IN_FLIGHT
    chain.mine()
    await minting.turn(times=5)
    assert await minting.states() == ["confirmed"] * 24
    assert sorted(each.nonce or 0 for each in await minting.all()) == list(range(24))
    assert [minting.mintable.held_by(wallet) for wallet in wallets] == [THREE] * 24


async def test_a_key_that_may_not_mint_a_wrong_chain_and_wrong_decimals_are_found_before_anything_is_signed(
    minting: Minting, proxy: Proxy, mintable: Mintable
) -> None:
    check = minting.chain.check
    chain_id = mintable.chain.chain_id
    await check(chain_id, mintable.contract, 6)
    for arguments, words in (
        ((chain_id + 1, mintable.contract, 6), "but a token is on the chain"),
        ((chain_id, new_wallet(), 6), "There is no contract"),
        ((chain_id, mintable.contract, 18), "has 6 decimals, not 18"),
    ):
        with pytest.raises(ledger.ChainUnfit, match=words):
            await check(*arguments)
    mintable.let_mint(may=False)
    await minting.queue(new_wallet())
    await minting.turn()
    assert await minting.states() == ["queued"]
    (alert,) = await minting.alerts()
    assert "may not mint at" in alert
    assert "not a minter" in alert


async def test_balances_are_asked_for_now_and_then_and_kept_for_when_the_chain_is_away(
    minting: Minting, proxy: Proxy, clock: SettableClock
) -> None:
    wallet = new_wallet()

    async def seen() -> list[ledger.Balance]:
        await ledger.refresh_balances(minting.database, minting.chain, wallet, now=clock.now())
        async with minting.database.read() as tx:
            return await ledger.balances_on_chain(tx, wallet)

    assert await seen() == []
    await minting.queue(wallet, amount=2_500_000)
    await minting.turn(times=2)
    asked = proxy.asked.count("eth_call")
    assert await seen() == []
    assert proxy.asked.count("eth_call") == asked
    clock.advance(timedelta(seconds=11))
    assert await seen() == [ledger.Balance("CHT", 2_500_000)]
    proxy.is_down = True
    clock.advance(timedelta(seconds=11))
    assert await seen() == [ledger.Balance("CHT", 2_500_000)]
