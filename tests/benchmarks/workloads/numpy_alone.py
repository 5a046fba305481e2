"""A trial that imports numpy and hardly uses it."""

import os

import numpy as np

lr = 0.01


def train(lr):
    """Do what one trial does, and leave a line of 25 bytes to prove it."""
    loss = float(np.square(lr - 0.01))
    ended = os.open(os.environ["TRIALS_ENDED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(ended, f"{lr:<24.16g}\n".encode())
    os.close(ended)
    return loss


if __name__ == "__main__":
    value = train(lr)
    print("loss:", value)
