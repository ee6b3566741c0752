"""
Makes golden runs with PyTorch: python make.py CASE... writes CASE.json and CASE.safetensors beside this file. Needs torch,
numpy and safetensors, in the versions of bench/peers/requirements/pytorch.txt.
"""
import gzip
import json
import sys
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file
from torch import nn

here = Path(__file__).parent
batch, steps = 64, 20

# Sizes, activation, optimizer, its keys, and the norm to which gradients are clipped.
cases = {
    'mlp-adamw': ([784, 32, 10], nn.ReLU, torch.optim.AdamW, {'lr': 0.005, 'weight_decay': 0.5}, None),
    'mlp-clip': ([784, 32, 10], nn.ReLU, torch.optim.SGD, {'lr': 0.1, 'momentum': 0.9, 'weight_decay': 0.001}, 0.5),
    'mlp-sigmoid': ([784, 32, 16, 10], nn.Sigmoid, torch.optim.SGD, {'lr': 0.5, 'momentum': 0.9}, None),
}


def idx(name, header):
    data = gzip.decompress((here / '../../data/mnist' / name).read_bytes())
    return torch.from_numpy(numpy.frombuffer(data, numpy.uint8, offset=header).copy())


def inputs(name):
    return (idx(name, 16).view(-1, 784).float() / 255 - 0.1307) / 0.3081


def make(case):
    sizes, activation, optimizer, keys, clip = cases[case]
    torch.manual_seed(7)
    layers = [nn.Linear(i, o) for i, o in zip(sizes, sizes[1:])]
    model = nn.Sequential(*[part for layer in layers for part in (layer, activation())][:-1])
    images, labels = inputs('train-images-idx3-ubyte.gz'), idx('train-labels-idx1-ubyte.gz', 8).long()
    tensors = {f'init.{name}': value.detach().clone() for name, value in model.named_parameters()}
    update = optimizer(model.parameters(), **keys)
    losses, correct, norms = [], [], []
    for step in range(steps):
        rows = slice(step * batch, (step + 1) * batch)
        logits = model(images[rows])
        loss = nn.functional.cross_entropy(logits, labels[rows])
        update.zero_grad()
        loss.backward()
        if step == 0:
            tensors |= {f'grad.{name}': value.grad.clone() for name, value in model.named_parameters()}
        if clip is not None:
            norms.append(nn.utils.clip_grad_norm_(model.parameters(), clip).item())
        update.step()
        losses.append(loss.item())
        correct.append(int((logits.argmax(1) == labels[rows]).sum()))
    tensors |= {f'final.{name}': value.detach().clone() for name, value in model.named_parameters()}
    with torch.no_grad():
        tensors['logits'] = model(inputs('t10k-images-idx3-ubyte.gz')[:16])
    save_file({name: value.contiguous() for name, value in tensors.items()}, here / f'{case}.safetensors')
    facts = {
        'case': case,
        'torch': torch.__version__,
        'model': f'{"-".join(map(str, sizes))} {activation.__name__}',
        'input': '(x/255 - 0.1307)/0.3081',
        'optimizer': optimizer.__name__.lower(),
        **keys,
        **({} if clip is None else {'clip': clip, 'norms': norms}),
        'batch': batch,
        'steps': steps,
        'data': 'MNIST training images 0 .. batch*steps-1 in file order',
        'loss': 'mean softmax cross entropy of the batch before the step',
        'losses': losses,
        'correct': correct,
        'logits': 'final model on test images 0..15',
        'parameters': [name for name, _ in model.named_parameters()],
    }
    (here / f'{case}.json').write_text(json.dumps(facts, indent=1) + '\n')


for case in sys.argv[1:] or cases:
    make(case)
