"""Blocks: who may not write to the desk, why, and until when."""

from guildhall.domains.tickets.blocks.blocking import block, lift_block
from guildhall.domains.tickets.blocks.models import Block
from guildhall.domains.tickets.blocks.policy import access_block
from guildhall.domains.tickets.blocks.queries import block_of, list_blocks

__all__ = ["Block", "access_block", "block", "block_of", "lift_block", "list_blocks"]
