"""Handwritten digits (1797 images of 8 x 8 pixels) with a small Keras network.

Needs tensorflow, tensorboard and scikit-learn.

    python examples/keras_digits.py
    hprun --hp lr=1e-4:l4:0.1 --metric val_loss:min examples/keras_digits.py
    hprun --hp lr=1e-4:l4:0.1 --cv 2 --metric val_accuracy:max examples/keras_digits.py
"""

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

lr = 1e-3
units = 64
batch_size = 32
epochs = 10
seed = 0
fold = 0  # which part is held out for validation: 0 to folds - 1
folds = 5

keras.utils.set_random_seed(seed)

images, labels = load_digits(return_X_y=True)
images = (images / 16.0).astype("float32")  # pixels come as 0 to 16

# The split has a seed of its own: every run must see the same folds, whatever its values.
splits = StratifiedKFold(n_splits=folds, shuffle=True, random_state=0).split(images, labels)
train, val = list(splits)[fold]

model = keras.Sequential(
    [
        keras.Input(shape=(64,)),
        keras.layers.Dense(units, activation="relu"),
        keras.layers.Dense(units, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=lr),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(
    images[train],
    labels[train],
    validation_data=(images[val], labels[val]),
    batch_size=batch_size,
    epochs=epochs,
    callbacks=[keras.callbacks.TensorBoard(log_dir="logs")],
    verbose=2,  # one line per epoch: this reads well in a log
)
