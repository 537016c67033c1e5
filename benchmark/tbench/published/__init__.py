"""What others published: fine-tuned accuracies, scores, printed tables and times, as data; and whether they add up."""
