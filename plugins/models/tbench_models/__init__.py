"""Model families that ship with tbench."""
