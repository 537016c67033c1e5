"""The evidence graph and its built-in nodes."""

PASSES = ("forward", "reference_forward", "source_forward")  # the nodes that pass images through the candidate
EXTRACTION = (*PASSES, "common_forward", "common_source_forward")  # through any network that stays as it is
