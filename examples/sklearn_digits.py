"""Handwritten digits (1797 images of 8 x 8 pixels) with a support vector machine.

Needs scikit-learn. There is no TensorBoard here: hprun reads the line `accuracy: 0.98`.

    python examples/sklearn_digits.py
    hprun --hp C=0.1:l4:100 --hp gamma=1e-4:l4:0.1 --cv 5 --metric accuracy:max examples/sklearn_digits.py
"""

from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

C = 1.0
gamma = 0.01
kernel = "rbf"
fold = 0  # which part is held out for validation: 0 to folds - 1
folds = 5

images, labels = load_digits(return_X_y=True)

# The split has a seed of its own: every run must see the same folds, whatever its values.
splits = StratifiedKFold(n_splits=folds, shuffle=True, random_state=0).split(images, labels)
train, val = list(splits)[fold]

# The scaler is part of the model, so that it learns from the training images alone.
model = make_pipeline(StandardScaler(), SVC(C=C, gamma=gamma, kernel=kernel))
model.fit(images[train], labels[train])
predicted = model.predict(images[val])

print(f"accuracy: {accuracy_score(labels[val], predicted):.4f}")
print(f"f1: {f1_score(labels[val], predicted, average='macro'):.4f}")
