"""Checks ONNX models of tables and values with onnx.checker and runs them with onnxruntime.

Usage: onnx_table_reader.py FOLDER with tables.json: [{"name", "columns", "width", "output"}], for each NAME.onnx,
NAME.rows.f32 (a number for each column, NaN: missing) and NAME.f32, what the engine predicts. Prints one JSON object: for
each name the largest difference, as a share of the largest of each output if they are values, and the metadata's columns.
"""
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

folder = Path(sys.argv[1])
options = ort.SessionOptions()
options.log_severity_level = 3
found = {}
for case in json.loads((folder / 'tables.json').read_text()):
    name, output = case['name'], case['output']
    path = folder / f'{name}.onnx'
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = ort.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    rows = np.fromfile(folder / f'{name}.rows.f32', np.float32).reshape(-1, case['columns'])
    expected = np.fromfile(folder / f'{name}.f32', np.float32).reshape(-1, case['width']).astype(np.float64)
    (got,) = session.run([output], {'input': rows})
    (one,) = session.run([output], {'input': rows[:1]})
    size = np.maximum(np.abs(expected), case['least'])
    metadata = {prop.key: prop.value for prop in model.metadata_props}
    found[name] = {
        'off': float((np.abs(got - expected) / size).max()),
        'alone': float((np.abs(one[0] - got[0]) / size[0]).max()),
        'outputs': [each.name for each in session.get_outputs()],
        'columns': [each['name'] for each in json.loads(metadata['shardstep.columns'])],
    }
print(json.dumps(found))
