"""Writes shortcut.json: runs of PyTorch with a linear shortcut from the inputs to the outputs beside the layers.

    python shortcut.py

96 samples of 6 inputs in three classes, and in two with one output; layers of 60 and 9 tanh units; batches of 32 in the
order of the samples, two epochs.
"""
import json
from pathlib import Path

import torch
import torch.nn.functional as F

torch.manual_seed(20262)
samples, inputs, hidden, batch, epochs = 96, 6, [60, 9], 32, 2

x = torch.rand(samples, inputs) * 4 - 2
classes = (x[:, 0] > 0).long() + (x[:, 1] * x[:, 2] > 1.2).long()


def short(tensor):
    """Nine digits are enough for every float32."""
    return [float(f"{value:.9g}") for value in tensor.flatten().tolist()]


class WideAndDeep(torch.nn.Sequential):
    def __init__(self, outputs):
        first, second = hidden
        super().__init__(
            torch.nn.Linear(inputs, first),
            torch.nn.Tanh(),
            torch.nn.Linear(first, second),
            torch.nn.Tanh(),
            torch.nn.Linear(second, outputs),
        )
        object.__setattr__(self, "layers", list(self))
        self.shortcut = torch.nn.Linear(inputs, outputs, bias=False)

    def forward(self, rows):
        deep = rows
        for layer in self.layers:
            deep = layer(deep)
        return deep + self.shortcut(rows)


sgd = lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=0.01)
adamw = lambda parameters: torch.optim.AdamW(parameters, lr=0.05, weight_decay=0.1)
cross_entropy = lambda z, y: F.cross_entropy(z, y)
binary = lambda z, y: F.binary_cross_entropy_with_logits(z[:, 0], y.float())

runs = {}
for name, outputs, targets, loss_of, optimizer_of, clip in [
    ("sgd", 3, classes, cross_entropy, sgd, None),
    ("adamw", 3, classes, cross_entropy, adamw, None),
    ("clip", 3, classes, cross_entropy, sgd, 0.2),
    ("binary", 1, (classes > 0).long(), binary, sgd, None),
]:
    net = WideAndDeep(outputs)
    state = lambda: {key: {"shape": list(value.shape), "data": short(value)} for key, value in net.state_dict().items()}
    initial, losses = state(), []
    optimizer = optimizer_of(net.parameters())
    for first in list(range(0, samples, batch)) * epochs:
        loss = loss_of(net(x[first : first + batch]), targets[first : first + batch])
        optimizer.zero_grad()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
        optimizer.step()
        losses.append(loss.item())
    runs[name] = {"targets": targets.tolist(), "initial": initial, "losses": losses, "final": state()}

about = {"torch": torch.__version__, "inputs": inputs, "hidden": hidden, "batch": batch, "lr": 0.05}
text = json.dumps({**about, "samples": short(x), "runs": runs})
Path(__file__).with_name("shortcut.json").write_text(text + "\n")
