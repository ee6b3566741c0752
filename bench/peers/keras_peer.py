"""Keras on TensorFlow: layers, loss and SGD of Keras, the whole epoch as one tf.function over tensors in memory.

Settings, and what else was tried (CPU seconds an epoch at one thread, on a machine with
other load, so only their order is meaningful): the tf.function, 0.47, compiled by XLA, 0.56;
the same called batch by batch from Python, 0.62; `fit` with a tf.data pipeline that gathers the batches, 0.77; `fit`
on arrays with steps_per_execution of an epoch, 0.72 to 1.1; `fit` with jit_compile, 0.95 to 1.2.
Inference: the faster by trial, at each batch, of the concrete function as a graph and compiled by XLA (0.21 and 0.11
ms an image; `model(x)`, 11 ms; the graph is as fast or faster at 1,024 and 10,000).
"""
import common
import os

os.environ.update(KERAS_BACKEND='tensorflow', TF_CPP_MIN_LOG_LEVEL='3', CUDA_VISIBLE_DEVICES='-1')

import numpy as np
import tensorflow as tf

import keras
from common import RECIPES, THREADS, initial, latencies, mnist, pixels, race

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)
(train, labels), (test, test_labels) = mnist()
X, XT = map(tf.constant, pixels(train, test))
Y, YT = tf.constant(labels), tf.constant(test_labels)
recipe = RECIPES['fastmlp']
IMAGES, BATCH = recipe['images'], recipe['batch']
FULL = IMAGES // BATCH * BATCH

sizes = recipe['sizes']
layers = [keras.layers.Dense(size, 'relu') for size in sizes[1:-1]] + [keras.layers.Dense(sizes[-1])]
model = keras.Sequential([keras.Input((sizes[0],)), *layers])
optimiser = keras.optimizers.SGD(recipe['lr'], momentum=0.9)
optimiser.build(model.trainable_variables)
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def step(rows):
    with tf.GradientTape() as tape:
        loss = cross_entropy(tf.gather(Y, rows), model(tf.gather(X, rows), training=True))
    optimiser.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)


@tf.function
def train_epoch():
    order = tf.random.shuffle(tf.range(IMAGES))
    for at in tf.range(0, FULL, BATCH):
        step(tf.ensure_shape(order[at : at + BATCH], (BATCH,)))
    step(order[FULL:])


@tf.function
def accuracy():
    return tf.reduce_mean(tf.cast(tf.argmax(model(XT, training=False), 1) == YT, tf.float32))


def reset(seed):
    tf.random.set_seed(seed)
    model.set_weights([array for layer in initial('fastmlp', seed) for array in layer])
    for momentum in optimiser.momentums:
        momentum.assign(tf.zeros_like(momentum))


def target(seed):
    reset(seed)
    return race(train_epoch, lambda: float(accuracy()))


def infer(batch, calls):
    reset(0)
    x = tf.identity(XT[:batch])
    logits = lambda x: model(x, training=False)
    wait = lambda function: lambda: function(x).numpy()
    candidates = [
        wait(tf.function(logits, jit_compile=jit, autograph=False).get_concrete_function(x)) for jit in (False, True)
    ]
    return latencies(min(candidates, key=lambda each: min(latencies(each, batch, 10)['ms'])), batch, calls)


common.serve(tf.__version__, target=target, infer=infer)
