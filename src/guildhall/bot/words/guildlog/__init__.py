"""What the log channel is told of Discord's audit log."""
