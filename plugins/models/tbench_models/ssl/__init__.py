"""Self-supervised ResNet-50s in the formats in which their authors published them."""
