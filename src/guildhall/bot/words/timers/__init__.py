"""What the desk says when its time has come: warnings, ratings, reminders, and who has left."""
