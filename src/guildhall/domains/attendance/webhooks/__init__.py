"""Outbound webhooks: a guild's own server is told, by the Standard Webhooks specification, what happens."""
