"""Vision networks of the Hugging Face hub, behind the extra hf."""
