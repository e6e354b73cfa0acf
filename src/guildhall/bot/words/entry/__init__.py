"""What the bot says about further ways into a ticket, in the languages it knows."""
