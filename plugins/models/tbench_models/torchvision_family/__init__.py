"""Every classification network of torchvision, by its weights."""
