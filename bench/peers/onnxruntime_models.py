"""onnxruntime: inference of the dense network of a file of ours, as float32 or quantised by its own tools.

usage: onnxruntime_models.py DATA_FOLDER THREADS WEIGHTS.safetensors float32|dynamic|static   (see bench/inference.ts)

Settings as in onnxruntime_peer.py. dynamic: quantize_dynamic with int8 weights, activations by the range of each call;
static: QDQ nodes with uint8 activations, int8 weights for each output, ranges of 2,048 training images (the operator
format QOperator is as fast, one scale for all outputs too).
"""
import json
import os
import struct
import tempfile

import common

import numpy as np
import onnxruntime as ort
from common import THREADS, WORDS, latencies, mnist, pixels
from onnx import TensorProto, helper, numpy_helper, save

(train, _), (test, labels) = mnist()
XTRAIN, XT = pixels(train[:2048], test)
FILE, PRECISION = WORDS


def tensors():
    """The float32 tensors of a safetensors file: u64 length of the header, JSON, data."""
    with open(FILE, 'rb') as file:
        data = file.read()
    (length,) = struct.unpack('<Q', data[:8])
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    return {
        name: np.frombuffer(body[slice(*about['data_offsets'])], np.float32).reshape(about['shape'])
        for name, about in header.items()
        if name != '__metadata__'
    }


def network():
    named = tensors()
    layers = sum(name.endswith('.weight') for name in named)
    nodes, constants, value = [], [], 'x'
    for i in range(layers):
        weight, bias = named[f'{2 * i}.weight'], named[f'{2 * i}.bias']
        constants += [numpy_helper.from_array(np.ascontiguousarray(weight.T), f'w{i}'), numpy_helper.from_array(bias, f'b{i}')]
        nodes.append(helper.make_node('Gemm', [value, f'w{i}', f'b{i}'], [f'z{i}']))
        value = f'z{i}'
        if i < layers - 1:
            nodes.append(helper.make_node('Relu', [value], [f'a{i}']))
            value = f'a{i}'
    tensor = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, ['n', width])
    graph = helper.make_graph(nodes, 'dense', [tensor('x', XT.shape[1])], [tensor(value, 10)], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def quantised(folder, model):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

    source, target = os.path.join(folder, 'float32.onnx'), os.path.join(folder, 'int8.onnx')
    save(model, source)
    if PRECISION == 'dynamic':
        quantize_dynamic(source, target, weight_type=QuantType.QInt8)
        return target

    class Images(CalibrationDataReader):
        def __init__(self):
            self.batches = iter([{'x': XTRAIN[i : i + 256]} for i in range(0, len(XTRAIN), 256)])

        def get_next(self):
            return next(self.batches, None)

    quantize_static(
        source,
        target,
        Images(),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
    )
    return target


options = ort.SessionOptions()
options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
options.log_severity_level = 3
with tempfile.TemporaryDirectory() as folder:
    model = network()
    source = model.SerializeToString() if PRECISION == 'float32' else quantised(folder, model)
    session = ort.InferenceSession(source, options, providers=['CPUExecutionProvider'])
X, Y = session.get_inputs()[0].name, session.get_outputs()[0].name


def infer(batch, calls):
    bound = session.io_binding()
    # An OrtValue of a NumPy array does not keep it alive.
    inputs, outputs = np.ascontiguousarray(XT[:batch]), np.empty((batch, 10), np.float32)
    bound.bind_ortvalue_input(X, ort.OrtValue.ortvalue_from_numpy(inputs))
    bound.bind_ortvalue_output(Y, ort.OrtValue.ortvalue_from_numpy(outputs))
    return latencies(lambda: session.run_with_iobinding(bound), batch, calls)


def accuracy():
    logits = session.run(None, {X: XT})[0]
    return dict(accuracy=float((logits.argmax(1) == labels).mean()))


common.serve(ort.__version__, infer=infer, accuracy=accuracy)
