"""Measuring the server as its users meet it, beside two baselines in the same run. Run by `make bench`."""
