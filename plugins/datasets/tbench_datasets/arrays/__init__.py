"""Images and labels in one .npz file."""
