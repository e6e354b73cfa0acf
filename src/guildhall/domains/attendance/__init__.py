"""Voice attendance: who was where and how long, signed so that nobody can change it later without being seen."""
