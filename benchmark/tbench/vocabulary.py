"""The names that evidence has, what there is for a score to touch, and how a value may be found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

OF_POOL = "pool_of_"  # before the name of a node: what each candidate of the suite says of it

VOCABULARY: Mapping[str, str] = {
    "features": "(N, D) what the frozen candidate says about the target's training images, at its layer",
    "labels": "(N,) classes 0..K-1; (N, L) 0/1 multi-label; (N, R) float regression targets",
    "source_probabilities": "(N, S) the candidate's own head on the target's training images, softmax",
    "source_logits": "(N, S) the same before the softmax",
    "label_embeddings": "(K, N, E) what K language models make of the text of each sample's label",
    "reference_features": "(M, D) the candidate on a general reference set",
    "source_images": "a sample of the images that the candidate was pre-trained on, a sequence of uint8 H x W x 3",
    "source_features": "(M, D) the candidate on its source's training images",
    "source_labels": "(M,) classes 0..S-1 of these",
    "source_own_probabilities": "(M, S) the candidate's own head on these, softmax",
    "head_weight": "(S, D) of the candidate's own classifier",
    "head_bias": "(S,) of the candidate's own classifier",
    "groups": "class counts, means and scatter of the features, all samples one group where labels are not classes",
    "moments": "the same, only where labels are classes (Moments)",
    "spectrum": "eigenvalues and vectors of the total scatter of the features (Spectrum)",
    "gram_spectrum": "eigenvalues and vectors of the uncentred Gram of the features (Spectrum)",
    "discriminant": "SFDA's regularised linear discriminant of the features (Discriminant)",
    "images": "the target's training images, a sequence of uint8 H x W x 3",
    "reference_images": "the general reference set, a sequence of uint8 H x W x 3",
    "network": "the candidate's network (Network)",
    "parameter_count": "number of parameters of the candidate's body, up to its layer",
    "flops": "floating point operations of one image through the candidate's body, up to its layer",
    "source_accuracy": "held-out accuracy of the candidate on its own source task, in [0, 1]",
    "device": "where networks and linear algebra run: cpu, or what torch calls another device, such as cuda",
    "precision": "what the network computes in: float32, or bfloat16",
    "algebra": "Grams, eigen-decompositions and Cholesky factors in float64, on that device (Algebra)",
    "common_network": "one network for all candidates, through which tasks are compared (Network)",
    "common_features": "(N, P) the common network on the target's training images",
    "common_source_features": "(M, P) the common network on the candidate's source's images",
    "task_embedding": "(F,) Fisher information of the common network's weights on the target",
    "source_embedding": "the same on the candidate's source",
    "initial_network": "the candidate before any training, where that is known (Network)",
    "initial_features": "(N, D') the candidate before any training on the target's training images",
    "finetuned_network": "the candidate after one fine-tuning run on the target (Network)",
    "initial_parameters": "state dict as arrays by name, before any training",
    "pretrained_parameters": "the same after pre-training",
    "finetuned_parameters": "the same after fine-tuning on the target",
    "transfer_losses": "(N,) held-out loss of a linear head on the features per image",
    "pool": "what each candidate of the suite says of a node, asked for as pool_of_<node> (Pool)",
    "pool_losses": "(N, C) held-out loss of each candidate's transfer head per image",
    "pool_place": "which column is the candidate's",
    "seed": "an integer, its own for each candidate, dataset and run seed; anything random must use it",
    "common_seed": "the same for all candidates; for what knows nothing of the candidate",
    "source_members": "(M,) which source of a set each of these is from, 0..G-1",
    "source_labels_of_target": "(N,) source classes of the target's images, where they are known (paired labels)",
    "probe_network": "a small network trained on the target (Network)",
    "probe_features": "(N, P) a small network trained on the target, on the target's training images",
    "attributions": "(N, I) or (N, C, ...) gradient times input of the candidate's features",
    "probe_attributions": "(N, I) or (N, C, ...) the same of the probe",
    "earlier_attributions": "(L, N, ...) attributions of the layers before the candidate's, in their order",
    "transport": "optimal couplings of two sets of samples, by POT (Transport)",
    "auxiliary_scores": "(A, 2+) terms and known accuracies of other transfer pairs",
}
"""What a metric may ask for by the name of a parameter, and what it is; plug-ins add to it (tbench.evidence)."""

Touch = Literal[
    "candidate",  # the frozen candidate itself; what does not touch it cannot tell two of them apart
    "source data",
    "source labels",
    "source head",  # the classes of its pre-training: its head, or labels that stand in its place
    "target training",  # a predictor or a density fitted to the target, not counts, means and scatters of classes
    "target probe",  # a network trained on the target
    "fine-tuned weights",
    "pool",  # what the other candidates make of the target
    "known accuracies",  # of fine-tuned networks, on other targets
    "randomness",
]
"""What a score may not be free of."""
Solver = Literal["closed", "convex", "iterative"]
"""How a value is found: by formulas and eigenproblems, by linear and quadratic programmes, or by descent."""
GIVEN: Mapping[str, tuple[Touch, ...]] = {
    "images": (),
    "labels": (),
    "label_embeddings": (),
    "reference_images": ("source data",),
    "source_images": ("source data",),
    "source_labels": ("source labels",),
    "source_members": ("source data",),
    "source_labels_of_target": ("source labels", "source head"),
    "network": ("candidate",),
    "initial_network": ("candidate",),
    "finetuned_network": ("candidate", "fine-tuned weights"),
    "parameter_count": ("candidate",),
    "source_accuracy": ("candidate", "source labels", "source head"),
    "earlier_attributions": ("candidate",),
    "common_network": (),
    "pool": ("candidate", "pool"),  # and what lies below the node that it is asked about
    "pool_place": ("candidate", "pool"),
    "auxiliary_scores": ("known accuracies",),
    "seed": ("randomness",),
    "common_seed": ("randomness",),
    "device": (),
    "precision": (),
}
"""What evidence touches that comes from outside the graph; what is computed says so itself, by @evidence."""
