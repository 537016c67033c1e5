"""Local files of weights, each beside a card that says what they are."""
