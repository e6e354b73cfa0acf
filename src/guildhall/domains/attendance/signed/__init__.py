"""What is signed and by which key, as the store has it."""
