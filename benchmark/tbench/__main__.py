"""`python -m tbench`."""

from tbench.cli import main

main(prog_name="tbench")
