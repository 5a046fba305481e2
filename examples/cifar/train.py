"""CIFAR-10 (colour images of 32 x 32 pixels) with a convolutional network that is all options.

Needs tensorflow and tensorboard. The 18 values below are hyperparameters; their ranges are in
hprun.toml, so that, in this folder:

    python train.py
    hprun run
    hprun run --trials 200 train.py --epochs 30 --train-images 40000

CIFAR-10 itself is used where Keras has downloaded it: `python -c "import keras;
keras.datasets.cifar10.load_data()"` does that once. Otherwise the script makes up images that are
like it in size alone, and says so.
"""

import argparse
import os
from pathlib import Path

import keras
import numpy as np
from keras import layers

# What multiplies the learning rate and the weight decay that are below.
lr_rate_mult = 1.0
l2_weight_reg_mult = 1.0
batch_size = 300
optimizer = "Nadam"  # Adam, Nadam or RMSprop
activation = "elu"  # relu or elu
conv_dropout_drop_proba = 0.175
fc_dropout_drop_proba = 0.3
use_BN = True  # batch normalization after each convolution

first_conv = None  # the kernel's size of one more convolution at the beginning, or None
nb_conv_pool_layers = 3
conv_hiddn_units_mult = 1.0
conv_kernel_size = 3
pooling_type = "max"  # max, avg, all_conv or inception
residual = None  # how many residual convolutions in a row, or None
conv_pool_res_start_idx = 0  # the first layer that has them, from 0
res_conv_kernel_size = 3

fc_units_1_mult = 1.0
one_more_fc = None  # what multiplies the units of one more dense layer, or None

LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-4
CONV_UNITS = 16  # of the first layer; each further one has half as many again
FC_UNITS = 128
CLASSES = 10


def load_data(train_images, val_images):
    """Images with pixels from 0 to 1 and their labels: to train on, then to validate on.

    Both are of CIFAR-10's training part; its test part is left for the network that is chosen.
    """
    keras_home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    if any((keras_home / "datasets").glob("cifar-10-batches-py*/")):
        (images, labels), _ = keras.datasets.cifar10.load_data()
        images, labels = images.astype("float32") / 255, labels.ravel()
    else:
        print("CIFAR-10 has not been downloaded: these are made-up images.")
        images, labels = made_up_images(train_images + val_images)
    train, val = slice(0, train_images), slice(len(images) - val_images, len(images))
    return images[train], labels[train], images[val], labels[val]


def made_up_images(count):
    """Coloured noise with stripes in it, whose direction is the class; always the same.

    One label in ten is drawn anew, so that what is learned by heart does not help.
    """
    draws = np.random.default_rng(0)
    labels = draws.integers(0, CLASSES, count)
    angles = (labels * np.pi / CLASSES)[:, None, None]
    phases = draws.uniform(0, 2 * np.pi, count)[:, None, None]
    y, x = np.mgrid[0:32, 0:32] / 8
    stripes = np.sin(2 * np.pi * (np.cos(angles) * x + np.sin(angles) * y) + phases)
    noise = draws.normal(0, 0.25, (count, 32, 32, 3))
    labels = np.where(draws.random(count) < 0.1, draws.integers(0, CLASSES, count), labels)
    return (0.5 + 0.1 * stripes[..., None] + noise).clip(0, 1).astype("float32"), labels


def convolution(x, units, size, strides=1):
    x = layers.Conv2D(
        units, size, strides=strides, padding="same",
        kernel_regularizer=keras.regularizers.L2(WEIGHT_DECAY * l2_weight_reg_mult),
    )(x)  # fmt: skip
    if use_BN:
        x = layers.BatchNormalization(momentum=0.9)(x)  # few steps make an epoch
    return layers.Activation(activation)(x)


def pooling(x, units):
    """Half the height and half the width."""
    if pooling_type == "max":
        return layers.MaxPooling2D(2)(x)
    if pooling_type == "avg":
        return layers.AveragePooling2D(2)(x)
    if pooling_type == "all_conv":
        return convolution(x, units, 2, strides=2)
    ways = [layers.MaxPooling2D(2)(x), layers.AveragePooling2D(2)(x), convolution(x, units, 3, 2)]
    return convolution(layers.Concatenate()(ways), units, 1)


def dense(x, mult):
    x = layers.Dense(
        round(FC_UNITS * mult), activation=activation,
        kernel_regularizer=keras.regularizers.L2(WEIGHT_DECAY * l2_weight_reg_mult),
    )(x)  # fmt: skip
    return layers.Dropout(fc_dropout_drop_proba)(x)


def build_model():
    inputs = x = keras.Input(shape=(32, 32, 3))
    units = round(CONV_UNITS * conv_hiddn_units_mult)
    if first_conv is not None:
        x = convolution(x, units, first_conv)
    for index in range(nb_conv_pool_layers):
        x = convolution(x, units, conv_kernel_size)
        if residual is not None and index >= conv_pool_res_start_idx:
            for _ in range(residual):
                x = layers.Add()([x, convolution(x, units, res_conv_kernel_size)])
        x = layers.Dropout(conv_dropout_drop_proba)(pooling(x, units))
        units = round(1.5 * units)
    x = dense(layers.Flatten()(x), fc_units_1_mult)
    if one_more_fc is not None:
        x = dense(x, one_more_fc)
    model = keras.Model(inputs, layers.Dense(CLASSES, activation="softmax")(x))
    model.compile(
        optimizer=getattr(keras.optimizers, optimizer)(LEARNING_RATE * lr_rate_mult),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--train-images", type=int, default=6000)
    parser.add_argument("--val-images", type=int, default=2000)
    asked = parser.parse_args()
    keras.utils.set_random_seed(0)
    x_train, y_train, x_val, y_val = load_data(asked.train_images, asked.val_images)
    build_model().fit(
        x_train,
        y_train,
        validation_data=(x_val, y_val),
        batch_size=batch_size,
        epochs=asked.epochs,
        callbacks=[keras.callbacks.TensorBoard(log_dir="logs")],
        verbose=2,  # one line per epoch: this reads well in a log
    )


if __name__ == "__main__":
    main()
