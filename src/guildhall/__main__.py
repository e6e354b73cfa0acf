"""`python -m guildhall` is the command line."""

from guildhall.cli import main

main()
