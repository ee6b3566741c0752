import gzip, json, os, sys, time

os.environ.update(KERAS_BACKEND='tensorflow', TF_CPP_MIN_LOG_LEVEL='2')
sys.path.pop(0)  # this file's folder: the library has its name
import numpy as np
import tensorflow as tf
import keras

tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[2]))
tf.config.threading.set_inter_op_parallelism_threads(1)


def read(name, header):
    with gzip.open(f'{sys.argv[1]}/{name}-ubyte.gz') as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def part(name):
    pixels = read(f'{name}-images-idx3', 16).reshape(-1, 784).astype(np.float32)
    return (pixels / 255 - 0.1307) / 0.3081, read(f'{name}-labels-idx1', 8)


(X, Y), (XT, YT) = part('train'), part('t10k')
torch_like = dict(scale=1 / 3, mode='fan_in', distribution='uniform')  # nn.Linear's initialisation
dense = lambda *words: keras.layers.Dense(*words, kernel_initializer=keras.initializers.VarianceScaling(**torch_like))
model = keras.Sequential([keras.Input((784,)), dense(256, 'relu'), dense(128, 'relu'), dense(10)])
