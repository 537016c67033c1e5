"""The evidence graph and its built-in nodes."""

PASSES = ("forward", "reference_forward", "source_forward")  # the nodes that pass images through the network
