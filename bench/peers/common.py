"""Shared by the peers: MNIST, the recipes, the race to the target, and a loop that answers the lines of stdin.

A peer is started as `NAME_peer.py DATA_FOLDER THREADS [WORDS]`. It is imported before numpy and every library, because
their thread pools read the environment once.
"""
import gzip
import json
import os
import sys
import time

FOLDER = sys.argv[1]
THREADS = int(sys.argv[2])
WORDS = sys.argv[3:]
for pool in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
    os.environ[pool] = str(THREADS)

import numpy as np

# sprint: configs/peers-sprint.yaml; fastmlp: an epoch of configs/fastmlp.yaml; features: configs/mnist-97.yaml.
RECIPES = {
    'sprint': dict(sizes=[196, 128, 10], batch=256, images=60000, lr=0.4, warmup=0.2, nesterov=True, smoothing=0.0),
    'fastmlp': dict(sizes=[784, 256, 128, 10], batch=512, images=60000, lr=0.05, warmup=None, nesterov=False, smoothing=0.0),
    'features': dict(sizes=[128, 10], batch=8, images=2000, lr=0.05, warmup=0.0, nesterov=True, smoothing=0.15),
}
TARGET, EPOCHS = 0.97, 10  # configs/fastmlp.yaml


def steps_of(recipe):
    return recipe['images'] // recipe['batch']


def learning_rates(recipe):
    """float32 [steps]: constant, or up from a tenth of the peak over the warm-up and then linearly down to 0."""
    steps, warmup = steps_of(recipe), recipe['warmup']
    if warmup is None:
        return np.full(steps, recipe['lr'], np.float32)
    i, warm = np.arange(steps), warmup * steps
    up = 0.1 + 0.9 * i / max(warm, 1)
    down = (steps - i) / (steps - warm)
    return (recipe['lr'] * np.where(i < warm, up, down)).astype(np.float32)


def initial(name, seed):
    """(weights [in, out], bias [out]) per layer: uniform with the recipe's variances, zero for softmax regression."""
    sizes, rng = RECIPES[name]['sizes'], np.random.default_rng(seed)
    parameters = []
    for layer, (fan_in, out) in enumerate(zip(sizes, sizes[1:])):
        last = layer == len(sizes) - 2
        variance = {'fastmlp': 1 / 3, 'sprint': 0.6 if last else 1.0, 'features': 0.0}[name]
        limit = np.sqrt(3 * variance / fan_in)
        biased = limit if name == 'fastmlp' else 0.0
        draw = lambda bound, *shape: rng.uniform(-bound, bound, shape).astype(np.float32)
        parameters.append((draw(limit, fan_in, out), draw(biased, out)))
    return parameters


def read(name, header):
    with gzip.open(os.path.join(FOLDER, name + '.gz')) as file:
        return np.frombuffer(file.read(), np.uint8)[header:]


def mnist():
    """uint8 images [n, 28, 28] and int64 labels [n] of the training and the test part."""
    part = lambda name: (
        read(name + '-images-idx3-ubyte', 16).reshape(-1, 28, 28),
        read(name + '-labels-idx1-ubyte', 8).astype(np.int64),
    )
    return part('train'), part('t10k')


def pixels(train, test):
    """float32 [n, 784], MNIST's customary mean and deviation."""
    each = lambda a: ((a.reshape(-1, 784) / np.float32(255) - np.float32(0.1307)) / np.float32(0.3081)).astype(np.float32)
    return each(train), each(test)


def pooled(train, test):
    """float32 [n, 196]: 2×2 means, minus each pixel's mean, over one standard deviation."""
    pool = lambda a: a.reshape(-1, 14, 2, 14, 2).astype(np.float32).mean((2, 4)).reshape(-1, 196)
    a, b = pool(train), pool(test)
    mean = a.mean(0)
    deviation = np.sqrt(((a - mean) ** 2).mean())
    return (a - mean) / deviation, (b - mean) / deviation


def race(epoch, accuracy):
    """Calls `epoch()` (trains, waits for it) and `accuracy()` in turn until the target of configs/fastmlp.yaml.

    The answer to `target`: ms over everything, trainMs over the epochs, curve [[ms, accuracy]] with a point an epoch.
    """
    seconds, curve, began = 0.0, [], now()
    while len(curve) < EPOCHS and (not curve or curve[-1][1] < TARGET):
        started = now()
        epoch()
        seconds += now() - started
        reached = accuracy()
        curve.append([1000 * (now() - began), reached])
    ms, reached = curve[-1]
    images = RECIPES['fastmlp']['images'] * len(curve)
    return dict(ms=ms, trainMs=1000 * seconds, images=images, accuracy=reached, epochs=len(curve), curve=curve)


def latencies(call, batch, calls):
    """The answer to `infer`: ms of each call of `call()`, after some that warm it up."""
    for _ in range(5 if batch >= 10000 else 20):
        call()
    ms = []
    for _ in range(calls):
        began = now()
        call()
        ms.append(1000 * (now() - began))
    return dict(ms=ms)


def recipe_commands(run):
    """`sprint SEED`, `fastmlp SEED`, `features SEED`: `run` of the name and the seed gives (accuracy, seconds)."""

    def command(name):
        def reply(seed):
            accuracy, seconds = run(name, seed)
            return dict(ms=1000 * seconds, accuracy=accuracy)

        return reply

    return {name: command(name) for name in RECIPES}


def serve(version, **commands):
    """Says its version, then answers every line `COMMAND INTEGER…` with what the command returns."""
    print(json.dumps(dict(version=version)), flush=True)
    for line in sys.stdin:
        name, *words = line.split() or ['']
        try:
            reply = commands[name](*map(int, words))
        except (KeyError, TypeError, ValueError) as error:
            known = name in commands
            reply = dict(error=f'{line.strip()}: {error}' if known else f'expected {", ".join(commands)}, got {name!r}')
        print(json.dumps(reply), flush=True)


now = time.perf_counter
