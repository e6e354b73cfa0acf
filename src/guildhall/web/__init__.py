"""HTTP plumbing common to all faces: routes, bodies, answers, idempotency, limits, documents."""
