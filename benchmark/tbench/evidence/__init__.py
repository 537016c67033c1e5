"""The evidence graph and its built-in nodes."""
