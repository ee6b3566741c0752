import gzip, json, os, sys, time

os.environ['OPENBLAS_NUM_THREADS'] = os.environ['OMP_NUM_THREADS'] = sys.argv[2]
import numpy as np
from sklearn.neural_network import MLPClassifier


def read(name, header):
    with gzip.open(f'{sys.argv[1]}/{name}-ubyte.gz') as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def part(name):
    pixels = read(f'{name}-images-idx3', 16).reshape(-1, 784).astype(np.float32)
    return (pixels / 255 - 0.1307) / 0.3081, read(f'{name}-labels-idx1', 8)


(X, Y), (XT, YT) = part('train'), part('t10k')
model = MLPClassifier(
    (256, 128), solver='sgd', alpha=0, batch_size=512, learning_rate_init=0.05, momentum=0.9, nesterovs_momentum=False
)
began, curve = time.perf_counter(), []
for epoch in range(10):
    model.partial_fit(X, Y, classes=range(10))
    accuracy = float((model.predict(XT) == YT).mean())
    curve.append([1000 * (time.perf_counter() - began), accuracy])
    if accuracy >= 0.97:
        break
print(json.dumps(dict(accuracy=accuracy, residentMs=curve[-1][0], curve=curve)))
