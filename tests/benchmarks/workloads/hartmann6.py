"""Hartmann's function of six numbers (Dixon and Szegö 1978), as a script that prints its loss."""

import math

x0, x1, x2, x3, x4, x5 = 0.5, 0.5, 0.5, 0.5, 0.5, 0.5

HEIGHTS = (1.0, 1.2, 3.0, 3.2)
NARROWNESS = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
PLACES = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)


def loss(x0, x1, x2, x3, x4, x5):
    x = (x0, x1, x2, x3, x4, x5)
    return -sum(
        height * math.exp(-sum(a * (u - p) ** 2 for a, u, p in zip(row, x, place, strict=True)))
        for height, row, place in zip(HEIGHTS, NARROWNESS, PLACES, strict=True)
    )


if __name__ == "__main__":
    print("loss:", loss(x0, x1, x2, x3, x4, x5))
