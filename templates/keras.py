"""Trains a Keras network. Started again after a kill, it goes on from its last whole epoch.

Needs tensorflow, tensorboard and scikit-learn. By itself, and as a search over the values that
carry a `# hp:` mark:

    python keras_train.py
    hprun --metric val_loss:min keras_train.py
"""

import math
from pathlib import Path

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

# What to try: a mark lists the values of a search; by itself the script takes those on the left.
lr = 1e-3  # hp: 1e-4:l4:1e-1
units = 64  # hp: 64,128
dropout = 0.1
batch_size = 32
epochs = 15

# `hprun --cv 5` sets the first two, `hprun --repeats 3` sets the third.
fold = 0  # which part of the data is held out for validation: 0 to folds - 1
folds = 5
seed = 0

# The file name has the values in it, so that other values never go on from this checkpoint.
# Add the hyperparameters that you add above.
VALUES = f"lr={lr},units={units},dropout={dropout},batch={batch_size},seed={seed}"
CHECKPOINT = Path(f"checkpoint-{VALUES},fold={fold}of{folds}.weights.h5")


def load_data():
    """Replace this: returns inputs and labels to train on, then those to validate on."""
    inputs, labels = load_digits(return_X_y=True)
    inputs = (inputs / 16.0).astype("float32")
    # The split has a seed of its own: every run must see the same folds, whatever its values.
    splitter = StratifiedKFold(n_splits=folds, shuffle=True, random_state=0)
    train, val = list(splitter.split(inputs, labels))[fold]
    return inputs[train], labels[train], inputs[val], labels[val]


def build_model():
    """Replace this: returns a compiled network."""
    model = keras.Sequential(
        [
            keras.Input(shape=(64,)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=lr),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def save_checkpoint(model):
    """The rename is all or nothing: a kill leaves the old checkpoint or the new, never a part."""
    model.save_weights("unfinished.weights.h5")
    Path("unfinished.weights.h5").replace(CHECKPOINT)


def restore_checkpoint(model, steps_per_epoch):
    """Returns the epoch to start with: 0, or the one after the checkpoint."""
    if not CHECKPOINT.exists():
        return 0
    model.optimizer.build(model.trainable_variables)  # makes room for the optimizer's state
    model.load_weights(CHECKPOINT)
    return int(model.optimizer.iterations.numpy()) // steps_per_epoch


def main():
    keras.utils.set_random_seed(seed)
    x_train, y_train, x_val, y_val = load_data()
    model = build_model()
    first_epoch = restore_checkpoint(model, math.ceil(len(x_train) / batch_size))

    model.fit(
        x_train,
        y_train,
        validation_data=(x_val, y_val),
        batch_size=batch_size,
        initial_epoch=first_epoch,
        epochs=epochs,
        callbacks=[
            # First the curves, then the checkpoint: what is not in the curves is trained again.
            keras.callbacks.TensorBoard(log_dir="logs"),
            keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: save_checkpoint(model)),
        ],
        verbose=2,  # one line per epoch: this reads well in a log
    )

    val_loss, val_accuracy = model.evaluate(x_val, y_val, verbose=0)
    print(f"val_loss: {val_loss:.4f}\nval_accuracy: {val_accuracy:.4f}")
    model.save("model.keras")
    CHECKPOINT.unlink(missing_ok=True)  # done: the next start is a new one


if __name__ == "__main__":
    main()
