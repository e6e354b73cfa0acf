"""Lists of tickets, of any length."""
