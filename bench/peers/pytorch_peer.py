"""PyTorch, tuned: tensors resident in memory, fused or foreach optimiser, eager."""
import common
import torch
from common import RECIPES, THREADS, initial, learning_rates, mnist, now, pixels, pooled, steps_of
from directions import transformed
from torch import nn
from torch.nn.functional import cross_entropy

torch.set_num_threads(THREADS)
(train, labels), (test, test_labels) = mnist()
Y, YT = torch.from_numpy(labels), torch.from_numpy(test_labels)
INPUTS = {'sprint': tuple(map(torch.from_numpy, pooled(train, test))), 'fastmlp': tuple(map(torch.from_numpy, pixels(train, test)))}


def network(name, seed):
    layers = []
    for weights, bias in initial(name, seed):
        linear = nn.Linear(*weights.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights.T))
            linear.bias.copy_(torch.from_numpy(bias))
        layers += [linear, nn.ReLU()]
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


common.serve(torch.__version__, **common.recipe_commands(run))
