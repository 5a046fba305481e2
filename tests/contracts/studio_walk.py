# ruff: noqa: UP004, UP031, B905, PLW2901 - as it was written then
"""An optimizer as people wrote them for Studio: around the best so far, ever nearer."""

import copy
import random

import numpy as np


class Optimizer(object):
    def __init__(self, hyperparameters, config, logger):
        self.hyperparameters = hyperparameters
        self.config = config
        self.logger = logger
        self.gen = 0
        self.best = None
        self.best_fitness = None
        self.mid = [self.first(h) for h in hyperparameters]

    def first(self, h):
        length = h.array_length or 1
        if h.rand_init:
            return np.random.uniform(h.min_range, h.max_range, length)
        return np.full(length, (h.min_range + h.max_range) / 2)

    def stop(self):
        return self.gen >= self.config["termination_criterion"]["generation"]

    def ask(self):
        return [self.candidate() for _ in range(self.config["cmaes_config"]["popsize"])]

    def candidate(self):
        found = []
        for h, mid in zip(self.hyperparameters, self.mid):
            h = copy.copy(h)
            step = (h.max_range - h.min_range) * 0.5 ** (1 + self.gen) * random.choice([-1, 1])
            point = mid + step * np.random.rand(h.array_length or 1)
            if not h.unbounded:
                point = np.clip(point, h.min_range, h.max_range)
            if h.is_log:
                point = np.exp(point)
            h.values = point if h.array_length else float(point[0])
            found.append(h)
        return found

    def tell(self, hyperparameter_pop, fitnesses):
        self.gen += 1
        number = int(np.argmax(fitnesses))
        if self.best_fitness is None or fitnesses[number] > self.best_fitness:
            self.best_fitness = fitnesses[number]
            best = hyperparameter_pop[number]
            self.mid = [np.log(h.values) if h.is_log else h.values for h in best]

    def disp(self):
        print("generation %s: best %s" % (self.gen, self.best_fitness))
