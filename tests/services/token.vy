# pragma version ^0.4.0
# An ERC-20 whose tokens come into being by those whom the owner let mint.

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

decimals: public(uint8)
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
is_minter: public(HashMap[address, bool])
owner: address


@deploy
def __init__(decimals: uint8):
    self.decimals = decimals
    self.owner = msg.sender


@external
def let_mint(account: address, may: bool):
    assert msg.sender == self.owner, "only the owner"
    self.is_minter[account] = may


@external
def mint(receiver: address, amount: uint256):
    assert self.is_minter[msg.sender], "not a minter"
    self.totalSupply += amount
    self.balanceOf[receiver] += amount
    log Transfer(sender=empty(address), receiver=receiver, amount=amount)


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self.balanceOf[msg.sender] -= amount
    self.balanceOf[receiver] += amount
    log Transfer(sender=msg.sender, receiver=receiver, amount=amount)
    return True
