"""What happens when processes are killed or frozen, and when the database goes away."""
