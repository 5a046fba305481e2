"""Trains a scikit-learn model and prints its scores.

Needs scikit-learn. By itself, and as a search over the values that carry a `# hp:` mark:

    python sklearn_train.py
    hprun --metric val_loss:min sklearn_train.py

There is no checkpoint: `fit` runs in one go, so a run that was killed starts from the beginning.
"""

import joblib
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# What to try: a mark lists the values of a search; by itself the script takes those on the left.
n_estimators = 200
max_features = 0.1  # hp: 0.05,0.1,0.2,0.5
min_samples_leaf = 1  # hp: 1,2,5

# `hprun --cv 5` sets the first two, `hprun --repeats 3` sets the third.
fold = 0  # which part of the data is held out for validation: 0 to folds - 1
folds = 5
seed = 0


def load_data():
    """Replace this: returns inputs and labels to train on, then those to validate on."""
    inputs, labels = load_digits(return_X_y=True)
    # The split has a seed of its own: every run must see the same folds, whatever its values.
    splitter = StratifiedKFold(n_splits=folds, shuffle=True, random_state=0)
    train, val = list(splitter.split(inputs, labels))[fold]
    return inputs[train], labels[train], inputs[val], labels[val]


def build_model():
    """Replace this: returns a model that can be fitted.

    What prepares the data is a step of the model, so that it learns from the training part alone.
    """
    return make_pipeline(
        StandardScaler(),
        RandomForestClassifier(
            n_estimators=n_estimators,
            max_features=max_features,
            min_samples_leaf=min_samples_leaf,
            random_state=seed,
            n_jobs=1,  # a search runs several of these at once, one for each core
        ),
    )


def main():
    x_train, y_train, x_val, y_val = load_data()
    model = build_model()
    model.fit(x_train, y_train)

    probabilities = model.predict_proba(x_val)
    predicted = model.classes_[probabilities.argmax(axis=1)]

    # hprun reads lines such as these: a name, a colon and a number.
    print(f"val_loss: {log_loss(y_val, probabilities, labels=model.classes_):.4f}")
    print(f"val_accuracy: {accuracy_score(y_val, predicted):.4f}")
    print(f"val_f1: {f1_score(y_val, predicted, average='macro'):.4f}")
    joblib.dump(model, "model.joblib")


if __name__ == "__main__":
    main()
