"""Durable jobs: what the outbox holds is worked off here, by this process or by another of the cluster.

**The guarantee.** A job whose row was committed runs at least once, whatever dies in between: this process at any
moment, the database, the engine's own file. Usually it runs exactly once; it runs again when a process ends between a
handler's effect and the note that it is done, or is frozen for longer than its lease and wakes. So a handler must bear
a repeat: `context.id`, the row's id, is the same in every attempt and serves as the idempotency key for the outside,
or as the unique key of what the handler writes. There is no order between jobs.

**Who works.** Each process has a lease that it renews. On PostgreSQL every process with an engine works; what a process
had in hand when it died is taken up by another once its lease has ended. On SQLite one process works: a second one
with the same data folder finds the lease taken and stands by, so its own `put`s are worked by the first.

**Why two stores.** DBOS gives out the work, within the limits of each queue, and resumes what a dead process had in
hand. It keeps its notes in `jobs.db` beside a SQLite store, because its threads and the loop would wait for each
other's write lock, and in the schema `dbos` on PostgreSQL. Those notes hold ids, never payloads. The rows of the outbox
decide: whatever DBOS forgot is handed over again, whatever it does twice is noticed by the row's round. So `jobs.db`
needs no backup.
"""

from guildhall.core.jobs.engine import JobContext, JobEngine
from guildhall.core.jobs.outcome import JobRefused

__all__ = ["JobContext", "JobEngine", "JobRefused"]
