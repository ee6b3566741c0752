"""JAX: the whole epoch as one jitted lax.scan. Its thread pool has as many threads as cores were allowed at start.

Settings, and what else was tried (seconds an epoch of FastMLP at one thread): batches gathered inside the scan, 0.49;
all images gathered first, 0.64; fori_loop, one-hot labels, transposed weights and a permutation from numpy, 0.49 to 0.50,
donated buffers, 0.52 (0.49 of CPU time), all within the noise; unrolled three times, 0.51; a jitted step called from a Python loop, 0.51. At
two threads XLA keeps the scan on one (0.52), and the loop of steps gains little (0.48).
Inference: weights as constants of the jitted function (16 us an image; as arguments, 69 us; alike for large batches).
"""
import os

import common

ALLOWED = os.sched_getaffinity(0)
os.sched_setaffinity(0, sorted(ALLOWED)[: common.THREADS])

import jax
import jax.numpy as jnp
import numpy as np

jax.block_until_ready(jax.jit(lambda x: x @ x)(jnp.ones((256, 256))))
# The thread pool exists: its threads may run on any core again, like PyTorch's and ours.
for task in os.listdir('/proc/self/task'):
    os.sched_setaffinity(int(task), ALLOWED)

from common import RECIPES, initial, latencies, learning_rates, mnist, now, pixels, pooled, race, steps_of
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


def fastmlp_loss(parameters, x, y):
    logits = forward(parameters, x)
    return (jax.nn.logsumexp(logits, 1) - jnp.take_along_axis(logits, y[:, None], 1)[:, 0]).mean()


def fastmlp_step(state, rows, X, Y):
    parameters, velocity = state
    gradient = jax.grad(fastmlp_loss)(parameters, X[rows], Y[rows])
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, gradient)
    return jax.tree.map(lambda p, v: p - RECIPES['fastmlp']['lr'] * v, parameters, velocity), velocity


@jax.jit
def fastmlp_epoch(state, key, X, Y):
    """All images: the batches that are full by a scan, then the rest."""
    batch = RECIPES['fastmlp']['batch']
    order = jax.random.permutation(key, len(X))
    full = len(X) // batch * batch
    step = lambda state, rows: (fastmlp_step(state, rows, X, Y), None)
    state, _ = jax.lax.scan(step, state, order[:full].reshape(-1, batch))
    return fastmlp_step(state, order[full:], X, Y)


def target(seed):
    parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in initial('fastmlp', seed)]
    state, key = (parameters, jax.tree.map(jnp.zeros_like, parameters)), jax.random.key(seed)
    X, XT = INPUTS['fastmlp']
    jax.block_until_ready((state, key))

    def epoch():
        nonlocal state, key
        key, own = jax.random.split(key)
        state = jax.block_until_ready(fastmlp_epoch(state, own, X, Y))

    return race(epoch, lambda: float(correct(state[0], XT)))


def infer(batch, calls):
    parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in initial('fastmlp', 0)]
    logits, x = jax.jit(lambda x: forward(parameters, x)), INPUTS['fastmlp'][1][:batch]
    return latencies(lambda: logits(x).block_until_ready(), batch, calls)


common.serve(jax.__version__, **common.recipe_commands(run), target=target, infer=infer)
