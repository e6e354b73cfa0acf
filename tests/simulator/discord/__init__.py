"""The simulated Discord, seen by the real discord.py, by bare HTTP and by Discord's own description of its API."""
