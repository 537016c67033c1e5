"""The statistics of the house."""
