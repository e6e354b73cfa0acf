"""The front desk: lists and tickets in large stores, answers, direct messages on their way to staff, and sockets."""
