"""The panel as people meet it: in a real browser, and as their programs might abuse it, by HTTP."""
