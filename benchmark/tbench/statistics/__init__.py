"""How far rankings agree, how sure that is, and what they are worth: numbers in, numbers out."""

from tbench.statistics.ceiling import Ceiling, parametric_ceiling, split_half
from tbench.statistics.chance import Null, null_means, null_quantile
from tbench.statistics.comparison import (
    Friedman,
    Posterior,
    critical_difference,
    differing,
    friedman,
    rank_classes,
    setup_stability,
    signed_rank,
    wilcoxon_pairs,
)
from tbench.statistics.correlation import (
    Agreement,
    Array,
    Mean,
    agreement,
    agreements,
    between_seeds,
    orders,
    rounded,
    row_means,
    tau_by_truth,
    weighted_taus,
)
from tbench.statistics.draws import drawn_taus
from tbench.statistics.hierarchy import Concordance, concordance, kendalls_w, ranks_elsewhere
from tbench.statistics.permutation import Permutation, holm, permutation_test, shuffles
from tbench.statistics.picks import Selection, fidelity, selection
from tbench.statistics.resampling import (
    Interval,
    by_size,
    interval,
    left_out,
    other_candidates,
    other_repeats,
    other_seeds,
    subsets,
    together,
)
from tbench.statistics.scaled import Scaled, scaled_scores
from tbench.statistics.study import Study, mean_known

__all__ = [
    "Agreement",
    "Array",
    "Ceiling",
    "Concordance",
    "Friedman",
    "Interval",
    "Mean",
    "Null",
    "Permutation",
    "Posterior",
    "Scaled",
    "Selection",
    "Study",
    "agreement",
    "agreements",
    "between_seeds",
    "by_size",
    "concordance",
    "critical_difference",
    "differing",
    "drawn_taus",
    "fidelity",
    "friedman",
    "holm",
    "interval",
    "kendalls_w",
    "left_out",
    "mean_known",
    "null_means",
    "null_quantile",
    "orders",
    "other_candidates",
    "other_repeats",
    "other_seeds",
    "parametric_ceiling",
    "permutation_test",
    "rank_classes",
    "ranks_elsewhere",
    "rounded",
    "row_means",
    "scaled_scores",
    "selection",
    "setup_stability",
    "shuffles",
    "signed_rank",
    "split_half",
    "subsets",
    "tau_by_truth",
    "together",
    "weighted_taus",
    "wilcoxon_pairs",
]
