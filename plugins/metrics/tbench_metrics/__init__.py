"""Metrics and transforms that ship with tbench: one method, one file."""
