"""What things mean. No HTTP, no Discord, no templates, no vendor SDK."""
