"""The suites that ship with tbench: what is run against what, as data."""
