"""What every room stands on: storage, time, ids, errors, jobs, events, secrets. No product nouns live here."""
