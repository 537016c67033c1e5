"""The page of a suite as one HTML file that needs nothing else: a table to sort, and pictures."""
