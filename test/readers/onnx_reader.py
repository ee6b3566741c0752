"""Checks ONNX models with onnx.checker and runs them with onnxruntime.

Usage: onnx_reader.py FOLDER with cases.json: [{"name", "shape", "classes", "samples"}], for each NAME.onnx and
NAME.f32, the expected logits. Prints one JSON object: for each name the largest difference of a logit as a share of
max(1, |logit|), and the largest distance of a sum of probabilities from 1.
"""
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

folder = Path(sys.argv[1])
# More at a time would need gigabytes for the models that redraw images.
chunk = 1000
options = ort.SessionOptions()
options.log_severity_level = 3
differences = {}
for case in json.loads((folder / 'cases.json').read_text()):
    name = case['name']
    path = folder / f'{name}.onnx'
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = ort.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    element = np.uint8 if case['samples'].endswith('.u8') else np.float32
    batch = np.fromfile(folder / case['samples'], element).reshape(-1, *case['shape'])
    parts = [session.run(['logits', 'probabilities'], {'input': batch[i : i + chunk]}) for i in range(0, len(batch), chunk)]
    logits, probabilities = (np.concatenate(list(part)) for part in zip(*parts))
    expected = np.fromfile(folder / f'{name}.f32', np.float32).reshape(-1, case['classes'])
    off = np.abs(logits.astype(np.float64) - expected) / np.maximum(1, np.abs(expected))
    differences[name] = {
        'logits': float(off.max()),
        'sums': float(np.abs(probabilities.sum(1, dtype=np.float64) - 1).max()),
        'classes': int((logits.argmax(1) != expected.argmax(1)).sum()),
        'labels': json.loads({prop.key: prop.value for prop in onnx.load(path).metadata_props}['labels']),
    }
print(json.dumps(differences))
