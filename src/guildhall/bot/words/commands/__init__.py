"""What the commands of the front desk are called and say, a table for each language."""
