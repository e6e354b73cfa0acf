"""The real services that tests talk to, started by the tests themselves.

Each service is a context manager that runs one server in a folder. `host` starts them when a test first asks and stops
them at the end of the run; `plugin` ties that to pytest and offers the fixtures.
"""
