"""Runs the networks of safetensors files with PyTorch.

Usage: pytorch_reader.py FOLDER with cases.json: [{"name", "classes", "activation"}], for each NAME.safetensors,
NAME.inputs.f32, the inputs of the network, and NAME.f32, the expected logits. Prints one JSON object: for each name the
largest difference of a logit as a share of max(1, |logit|).
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file

activations = {'relu': torch.nn.ReLU, 'tanh': torch.nn.Tanh, 'sigmoid': torch.nn.Sigmoid, 'gelu': lambda: torch.nn.GELU(approximate='tanh')}
folder = Path(sys.argv[1])
differences = {}
for case in json.loads((folder / 'cases.json').read_text()):
    name = case['name']
    if not (folder / f'{name}.inputs.f32').exists():
        continue
    path = folder / f'{name}.safetensors'
    with safe_open(path, 'pt') as file:
        activation = activations[file.metadata()['model.activation']]
    state = {key: value for key, value in load_file(path).items() if key[0].isdigit()}
    layers = []
    for key in sorted((key for key in state if key.endswith('.weight')), key=lambda key: int(key.split('.')[0])):
        outputs, inputs = state[key].shape
        layers += [torch.nn.Linear(inputs, outputs), activation()]
    network = torch.nn.Sequential(*layers[:-1])
    network.load_state_dict(state)
    inputs = torch.from_numpy(np.fromfile(folder / f'{name}.inputs.f32', np.float32))
    expected = np.fromfile(folder / f'{name}.f32', np.float32).reshape(-1, case['classes'])
    with torch.no_grad():
        logits = network(inputs.reshape(len(expected), -1)).numpy()
    off = np.abs(logits.astype(np.float64) - expected) / np.maximum(1, np.abs(expected))
    differences[name] = {'logits': float(off.max()), 'classes': int((logits.argmax(1) != expected.argmax(1)).sum())}
print(json.dumps(differences))
