"""The transparency log: commitments to every signed record, in an order that nobody can change without being seen."""
