"""Outside services as programs that speak their real protocol on loopback: for tests, and for people who write clients.

Each stands alone: it keeps its state in memory, knows nothing of the house, and has a control side under `/control` by
which its user makes things happen. `python -m guildhall.simulator` lists them; docs/simulator.md tells how to steer.
"""
