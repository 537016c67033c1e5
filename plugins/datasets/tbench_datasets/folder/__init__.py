"""A folder of images, one sub-folder per class."""
