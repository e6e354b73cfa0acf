"""Calendars outside, against a real CalDAV server and against servers that misbehave."""
