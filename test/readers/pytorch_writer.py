"""Writes networks of PyTorch for our import: state_dicts as safetensors, and exported ONNX files.

Usage: pytorch_writer.py FOLDER with images.u8 of MNIST. Writes NAME.safetensors, NAME.onnx and NAME.f32, the logits of
the images, for each network, and prints their names as a JSON list. Pixels are normalised as MNIST's example does.
"""
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

warnings.filterwarnings('ignore')
torch.manual_seed(1)


class Named(nn.Module):
    """As in PyTorch's tutorials: layers with names of their own, log_softmax at the end."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 64)
        self.fc2 = nn.Linear(64, 32)
        self.fc3 = nn.Linear(32, 10)

    def forward(self, x):
        x = x.view(x.shape[0], -1)
        return torch.log_softmax(self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x))))), dim=1)


class Scaled(nn.Module):
    """Pixels from 0 to 255 in; the scaling is inside."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))

    def forward(self, x):
        return self.layers(((x / 255 - 0.1307) / 0.3081).flatten(1))


def sequential(activation):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 48), activation, nn.Linear(48, 24), activation, nn.Linear(24, 10))


folder = Path(sys.argv[1])
images = torch.from_numpy(np.fromfile(folder / 'images.u8', np.uint8).astype(np.float32)).reshape(-1, 1, 28, 28)
networks = {
    'named': Named(),
    'relu': sequential(nn.ReLU()),
    'tanh': sequential(nn.Tanh()),
    'sigmoid': sequential(nn.Sigmoid()),
    'gelu': sequential(nn.GELU(approximate='tanh')),
    'scaled': Scaled(),
}
for name, network in networks.items():
    network.eval()
    inputs = images if name == 'scaled' else (images / 255 - 0.1307) / 0.3081
    with torch.no_grad():
        outputs = network(inputs)
    outputs.numpy().astype(np.float32).tofile(folder / f'{name}.f32')
    save_file(network.state_dict(), folder / f'{name}.safetensors')
    torch.onnx.export(
        network,
        (inputs[:1],),
        folder / f'{name}.onnx',
        dynamo=False,
        input_names=['pixels'],
        output_names=['scores'],
        dynamic_axes={'pixels': {0: 'batch'}, 'scores': {0: 'batch'}},
    )
print(json.dumps(list(networks)))
