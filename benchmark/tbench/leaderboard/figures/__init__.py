"""Pictures of a board as files of their own, for papers."""
