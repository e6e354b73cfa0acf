"""What a stranger can check: the signed formats, signatures, and the proofs of the transparency log.

It knows nothing of the house and imports none of it, so that the server and the command that checks a receipt offline
judge by the same lines, and the command starts without a server.
"""
