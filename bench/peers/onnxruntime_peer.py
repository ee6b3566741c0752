"""onnxruntime: inference of 784-256-128-10 by a session whose input and output are bound to memory once.

Settings, and what else was tried: Gemm + Relu nodes with all graph optimisations (MatMul + Add and transposed weights
are as fast); io_binding (10.5 µs an image at one thread; `run` 13 µs, `run_with_ort_values` 44 µs; alike for large
batches); spinning threads, the default (without, at two threads: 33 µs an image, 10 to 13 % slower at 1,024).
"""
import common

import numpy as np
import onnxruntime as ort
from common import THREADS, initial, latencies, mnist, pixels
from onnx import TensorProto, helper, numpy_helper

(train, _), (test, _) = mnist()
XT = pixels(train[:1], test)[1]


def network():
    nodes, constants, value = [], [], 'x'
    layers = initial('fastmlp', 0)
    for i, (weights, bias) in enumerate(layers):
        constants += [numpy_helper.from_array(weights, f'w{i}'), numpy_helper.from_array(bias, f'b{i}')]
        nodes.append(helper.make_node('Gemm', [value, f'w{i}', f'b{i}'], [f'z{i}']))
        value = f'z{i}'
        if i < len(layers) - 1:
            nodes.append(helper.make_node('Relu', [value], [f'a{i}']))
            value = f'a{i}'
    tensor = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, ['n', width])
    graph = helper.make_graph(nodes, 'fastmlp', [tensor('x', 784)], [tensor(value, 10)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)
    return model.SerializeToString(), value


options = ort.SessionOptions()
options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
model, LOGITS = network()
session = ort.InferenceSession(model, options, providers=['CPUExecutionProvider'])


def infer(batch, calls):
    bound = session.io_binding()
    # An OrtValue of a NumPy array does not keep it alive.
    inputs, outputs = np.ascontiguousarray(XT[:batch]), np.empty((batch, 10), np.float32)
    bound.bind_ortvalue_input('x', ort.OrtValue.ortvalue_from_numpy(inputs))
    bound.bind_ortvalue_output(LOGITS, ort.OrtValue.ortvalue_from_numpy(outputs))
    return latencies(lambda: session.run_with_iobinding(bound), batch, calls)


common.serve(ort.__version__, infer=infer)
