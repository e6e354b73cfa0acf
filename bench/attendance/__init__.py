"""Attendance: voice events, figures over long histories, signing, and checking offline."""
