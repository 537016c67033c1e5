"""Datasets of the Hugging Face hub, behind the extra hf."""
