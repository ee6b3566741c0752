"""PyTorch, eager, or compiled with the further word `compiled`: tensors resident in memory.

Settings, and what else was tried (seconds an epoch of FastMLP at 1 and 2 threads, the smallest of
four or five on a machine with other load; each alternative with its best optimiser).
Eager: `index_select` and the fused SGD, 0.53 and 0.34; `X[rows]`, 0.59 and 0.34; all images gathered first, 0.63 and
0.40; the foreach SGD, 0.55 and 0.35.
Compiled: one function of the loss, its gradient (torch.func.grad) and the update in place, 0.48 and 0.30; only the
loss with its backward pass, 0.53 and 0.34; forward, backward and optimiser in one, 0.53; mode max-autotune is as fast
(0.48) and compiles longer; reduce-overhead was tried under load only, with no clear gain. An epoch's last batch of 96 images is compiled separately.
Inference: the fastest by trial, at each batch, of eager, TorchScript frozen, TorchScript with `optimize_for_inference`
and, for the compiled variant, torch.compile with frozen weights: 32, 23, 17 and 67 us an image at one thread. At large
batches their order changed from run to run.
"""
import common
import warnings

import torch
import torch._inductor.config as inductor
from common import RECIPES, THREADS, WORDS, initial, latencies, learning_rates, mnist, now, pixels, pooled, race, steps_of
from directions import transformed
from torch import nn
from torch.nn.functional import cross_entropy, linear

warnings.filterwarnings('ignore', category=FutureWarning)  # TorchScript's: deprecated, and still the fastest
torch.set_num_threads(THREADS)
(train, labels), (test, test_labels) = mnist()
Y, YT = torch.from_numpy(labels), torch.from_numpy(test_labels)
INPUTS = {'sprint': tuple(map(torch.from_numpy, pooled(train, test))), 'fastmlp': tuple(map(torch.from_numpy, pixels(train, test)))}


def network(name, seed):
    layers = []
    for weights, bias in initial(name, seed):
        layer = nn.Linear(*weights.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights.T))
            layer.bias.copy_(torch.from_numpy(bias))
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def trained(model, X, labels, recipe):
    batch, rates = recipe['batch'], learning_rates(recipe).tolist()
    optimiser = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9, nesterov=recipe['nesterov'], foreach=True)
    order = torch.randperm(len(X))
    for step in range(steps_of(recipe)):
        optimiser.param_groups[0]['lr'] = rates[step]
        rows = order[step * batch : (step + 1) * batch]
        optimiser.zero_grad()
        cross_entropy(model(X[rows]), labels[rows], label_smoothing=recipe['smoothing']).backward()
        optimiser.step()


def accuracy(model, XT):
    with torch.no_grad():
        return (model(XT).argmax(1) == YT).float().mean().item()


def run(name, seed):
    recipe = RECIPES[name]
    torch.manual_seed(seed)
    model = network(name, seed)
    if name == 'features':
        chosen = torch.randperm(len(train))[: recipe['images']].numpy()
        began = now()
        X, XT = map(torch.from_numpy, transformed(train[chosen], test))
        trained(model, X, Y[chosen], recipe)
    else:
        X, XT = INPUTS[name]
        began = now()
        trained(model, X, Y, recipe)
    if name == 'fastmlp':
        seconds = now() - began
        return accuracy(model, XT), seconds
    return accuracy(model, XT), now() - began


def eager_epoch(model):
    X, recipe = INPUTS['fastmlp'][0], RECIPES['fastmlp']
    optimiser = torch.optim.SGD(model.parameters(), lr=recipe['lr'], momentum=0.9, fused=True)

    def epoch():
        for rows in torch.randperm(len(X)).split(recipe['batch']):
            optimiser.zero_grad()
            cross_entropy(model(X.index_select(0, rows)), Y[rows]).backward()
            optimiser.step()

    return epoch


def loss(parameters, x, y):
    for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2]):
        x = torch.relu(linear(x, weight, bias))
    return cross_entropy(linear(x, *parameters[-2:]), y)


@torch.compile(dynamic=False)
def compiled_step(parameters, velocity, rows):
    gradient = torch.func.grad(loss)(parameters, INPUTS['fastmlp'][0][rows], Y[rows])
    for p, v, g in zip(parameters, velocity, gradient):
        v.copy_(0.9 * v + g)
        p.sub_(RECIPES['fastmlp']['lr'] * v)


def compiled_epoch(model):
    parameters = [p.detach() for p in model.parameters()]
    velocity = [torch.zeros_like(p) for p in parameters]

    def epoch():
        with torch.no_grad():
            for rows in torch.randperm(len(Y)).split(RECIPES['fastmlp']['batch']):
                compiled_step(parameters, velocity, rows)

    return epoch


def target(seed):
    torch.manual_seed(seed)
    model = network('fastmlp', seed)
    epoch = (compiled_epoch if 'compiled' in WORDS else eager_epoch)(model)
    return race(epoch, lambda: accuracy(model, INPUTS['fastmlp'][1]))


def infer(batch, calls):
    model = network('fastmlp', 0).eval()
    x = INPUTS['fastmlp'][1][:batch].clone()
    scripted = torch.jit.script(model)
    candidates = [model, torch.jit.freeze(scripted), torch.jit.optimize_for_inference(torch.jit.script(model))]
    with torch.inference_mode(), inductor.patch(freezing=True):
        if 'compiled' in WORDS:
            candidates.append(torch.compile(model, dynamic=False))
        fastest = min(candidates, key=lambda each: min(latencies(lambda: each(x), batch, 10)['ms']))
        return latencies(lambda: fastest(x), batch, calls)


common.serve(torch.__version__, **common.recipe_commands(run), target=target, infer=infer)
