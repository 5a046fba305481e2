"""Branin's function of two numbers (Dixon and Szegö 1978), as a script that prints its loss."""

import math

x = 0.0
y = 0.0


def loss(x, y):
    bend = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


if __name__ == "__main__":
    print("loss:", loss(x, y))
