"""The evaluation harness: question sets in, graded answers out. `python -m eval --help`."""
