"""The front desk as programs see it."""
