"""JAX: the whole epoch as one jitted lax.scan. Its pool has as many threads as cores were allowed at start."""
import os

import common

ALLOWED = os.sched_getaffinity(0)
os.sched_setaffinity(0, sorted(ALLOWED)[: common.THREADS])

import jax
import jax.numpy as jnp
import numpy as np

jax.block_until_ready(jax.jit(lambda x: x @ x)(jnp.ones((256, 256))))
# The pool exists: its threads may run on any core again, as PyTorch's and ours may.
for task in os.listdir('/proc/self/task'):
    os.sched_setaffinity(int(task), ALLOWED)

from common import RECIPES, initial, learning_rates, mnist, now, pixels, pooled, steps_of
from directions import transformed

(train, labels), (test, test_labels) = mnist()
Y, YT = jnp.asarray(labels.astype(np.int32)), jnp.asarray(test_labels.astype(np.int32))
INPUTS = {'sprint': tuple(map(jnp.asarray, pooled(train, test))), 'fastmlp': tuple(map(jnp.asarray, pixels(train, test)))}


def forward(parameters, x):
    for weights, bias in parameters[:-1]:
        x = jax.nn.relu(x @ weights + bias)
    return x @ parameters[-1][0] + parameters[-1][1]


def epoch_of(recipe):
    steps, batch, smoothing = steps_of(recipe), recipe['batch'], recipe['smoothing']
    rates = jnp.asarray(learning_rates(recipe))

    def loss(parameters, x, y):
        logits = forward(parameters, x)
        own = jnp.take_along_axis(logits, y[:, None], 1)[:, 0]
        return (jax.nn.logsumexp(logits, 1) - (1 - smoothing) * own - smoothing * logits.mean(1)).mean()

    @jax.jit
    def epoch(parameters, velocity, key, X, Y):
        order = jax.random.permutation(key, len(X))[: steps * batch].reshape(steps, batch)

        def step(carry, at):
            parameters, velocity = carry
            rows, rate = at
            gradient = jax.grad(loss)(parameters, X[rows], Y[rows])
            moved = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, gradient)
            used = jax.tree.map(lambda v, g: 0.9 * v + g, moved, gradient) if recipe['nesterov'] else moved
            return (jax.tree.map(lambda p, u: p - rate * u, parameters, used), moved), None

        return jax.lax.scan(step, (parameters, velocity), (order, rates))[0][0]

    return epoch


EPOCHS = {name: epoch_of(recipe) for name, recipe in RECIPES.items()}
correct = jax.jit(lambda parameters, x: (forward(parameters, x).argmax(1) == YT).mean())


def run(name, seed):
    parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in initial(name, seed)]
    velocity = jax.tree.map(jnp.zeros_like, parameters)
    key, chosen = jax.random.key(seed), None
    if name == 'features':
        chosen = np.random.default_rng(seed).permutation(len(train))[: RECIPES[name]['images']]
    jax.block_until_ready((parameters, velocity))
    began = now()
    if chosen is None:
        (X, XT), y = INPUTS[name], Y
    else:
        (X, XT), y = map(jnp.asarray, transformed(train[chosen], test)), Y[chosen]
    parameters = jax.block_until_ready(EPOCHS[name](parameters, velocity, key, X, y))
    trained = now()
    accuracy = float(correct(parameters, XT))
    return accuracy, (trained if name == 'fastmlp' else now()) - began


common.serve(jax.__version__, **common.recipe_commands(run))
