"""Guildhall: one self-hosted server that runs a community."""

from importlib.metadata import version

__version__ = version("guildhall")
