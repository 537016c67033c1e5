"""Every network of timm, by its pre-trained tag."""
