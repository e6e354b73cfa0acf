"""What the server is measured against: a bare ASGI application, and the same rooms on FastAPI and SQLAlchemy."""
