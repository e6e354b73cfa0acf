"""Tickets as the apps see them."""
