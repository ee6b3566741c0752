"""PyTorch with the network, optimiser, schedule, batch, epochs and patience of a run of ours: `mlp TABLE SEED`.

Its inputs are those that our encoder makes, as float32 tensors in memory, which it need not make in each step: the file
TABLE.json in the folder names them. The clock: the epochs with their evaluations, from initial weights to the best ones.
"""
import common

import copy
import json
import os

import numpy as np
import torch
from common import FOLDER, THREADS, now
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

torch.set_num_threads(THREADS)


def tensors_of(recipe):
    def part(name, rows):
        x = np.fromfile(os.path.join(FOLDER, f'{name}.inputs'), np.float32).reshape(rows, recipe['inputs'])
        y = np.fromfile(os.path.join(FOLDER, f'{name}.targets'), np.float32)
        return torch.from_numpy(x), torch.from_numpy(y.astype(np.int64) if recipe['classes'] else y.reshape(rows, -1))

    return part('train', recipe['train']), part('test', recipe['test'])


def network(recipe):
    layers, before = [], recipe['inputs']
    for width in recipe['hidden']:
        layers += [nn.Linear(before, width), nn.ReLU()]
        if recipe['dropout'] > 0:
            layers.append(nn.Dropout(recipe['dropout']))
        before = width
    return nn.Sequential(*layers, nn.Linear(before, recipe['outputs']))


def rate(recipe, step, steps):
    if recipe['warmup'] is None:
        return recipe['lr']
    warm = recipe['warmup'] * steps
    return recipe['lr'] * (0.1 + 0.9 * step / warm if step < warm else (steps - step) / (steps - warm))


def badness(recipe, model, x, y):
    model.eval()
    with torch.inference_mode():
        out = torch.cat([model(rows) for rows in x.split(8192)])
        bad = (out.argmax(1) != y).float().mean() if recipe['classes'] else mse_loss(out, y).sqrt()
    model.train()
    return bad.item()


def mlp(place, seed):
    with open(os.path.join(FOLDER, 'recipe.json')) as file:
        recipe = json.load(file)
    (x, y), (xt, yt) = tensors_of(recipe)
    torch.manual_seed(seed)
    order = torch.randperm(len(x))
    held = recipe['validation']
    xv, yv, x, y = x[order[:held]], y[order[:held]], x[order[held:]], y[order[held:]]
    began = now()
    model = network(recipe)
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe['lr'], weight_decay=recipe['weightDecay'], fused=True)
    batch = recipe['batch']
    steps, step = recipe['epochs'] * -(-len(x) // batch), 0
    best, kept, since, epochs = np.inf, None, 0, 0
    while epochs < recipe['epochs'] and (recipe['patience'] is None or since < recipe['patience']):
        for rows in torch.randperm(len(x)).split(batch):
            optimiser.param_groups[0]['lr'] = rate(recipe, step, steps)
            optimiser.zero_grad()
            out = model(x[rows])
            smoothing = recipe['smoothing']
            loss = cross_entropy(out, y[rows], label_smoothing=smoothing) if recipe['classes'] else mse_loss(out, y[rows]) / 2
            loss.backward()
            if recipe['clip'] is not None:
                nn.utils.clip_grad_norm_(model.parameters(), recipe['clip'])
            optimiser.step()
            step += 1
        epochs += 1
        bad = badness(recipe, model, xv, yv)
        since += 1
        if bad < best:
            best, kept, since = bad, copy.deepcopy(model.state_dict()), 0
    model.load_state_dict(kept)
    seconds = now() - began
    bad = badness(recipe, model, xt, yt)
    score = 1 - bad if recipe['classes'] else bad * recipe['scale']
    return dict(seconds=seconds, score=score, epochs=epochs)


common.serve(torch.__version__, mlp=mlp)
