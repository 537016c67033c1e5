"""The evidence graph and its built-in nodes; here, which of them are dear, and why."""

PASSES = ("forward", "reference_forward", "source_forward")  # images through the candidate as it is
EXTRACTION = (
    *PASSES,
    "initial_forward",
    "common_forward",
    "common_source_forward",
)  # images through any network as it is
OTHER_PASSES = ("source_fisher", "probe_features", "probe_attributions", "attributions", "earlier_attributions")
TRAINING = (  # fits to the target; a pool brings the passes of all its members with it
    *("discriminant", "probe_weights", "held_out", "pool", "pool_losses", "transfer_losses", "task_fisher"),
    *("finetuned_network", "finetuned_parameters", "ncti_parts"),
)
