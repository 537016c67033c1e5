"""The public datasets that transferability papers use, read by torchvision's own loaders."""
