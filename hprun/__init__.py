"""Hyperparameter search over the training script that you already have."""

__version__ = "0.1.0"
