"""Dataset families that ship with tbench."""
