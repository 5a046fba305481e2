"""One training of a small network on scikit-learn's handwritten digits; its held-out log loss."""

import warnings

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

lr = 0.001
units = 32
activation = "relu"
solver = "adam"
momentum = 0.9

warnings.simplefilter("ignore", ConvergenceWarning)  # ten epochs are meant to be few
images, digits = load_digits(return_X_y=True)
train, held_out, train_digits, held_out_digits = train_test_split(
    images / 16, digits, test_size=0.3, random_state=0, stratify=digits
)
network = MLPClassifier(
    (units,),
    activation=activation,
    solver=solver,
    learning_rate_init=lr,
    momentum=momentum,
    batch_size=32,
    max_iter=10,
    random_state=0,
)
network.fit(train, train_digits)
print(f"val_loss: {log_loss(held_out_digits, network.predict_proba(held_out)):.5f}")
