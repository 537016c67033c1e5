"""The images of the embedded suite: real and rendered, made locally."""
