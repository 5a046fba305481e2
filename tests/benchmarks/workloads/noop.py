"""A trial that imports nothing but what Python has loaded already."""

import os
import time

lr = 0.01
units = 32  # of no use, but for large grids


def train(lr):
    """Do what one trial does, and leave a line of 25 bytes to prove it."""
    time.sleep(float(os.environ.get("TRIAL_SECONDS", "0")))
    loss = (lr - 0.01) ** 2
    ended = os.open(os.environ["TRIALS_ENDED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(ended, f"{lr:<24.16g}\n".encode())
    os.close(ended)
    return loss


if __name__ == "__main__":
    value = train(lr)
    print("loss:", value)
