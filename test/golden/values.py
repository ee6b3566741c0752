"""Writes values.json: runs of PyTorch with losses of values, of one output for two classes, and of weighted classes.

    python values.py

Each case: 96 samples of 6 inputs, a network of one hidden layer of 16 tanh units, batches of 32 in the order of the samples,
two epochs of SGD with momentum 0.9. A loss is the sum over the outputs, divided by the rows of the batch.
"""
import json
from pathlib import Path

import torch
import torch.nn.functional as F

torch.manual_seed(20261)
torch.set_default_dtype(torch.float32)
samples, inputs, hidden, batch, epochs = 96, 6, 16, 32, 2

x = torch.rand(samples, inputs) * 4 - 2
values = torch.stack([x[:, 0] * x[:, 1] + x[:, 2], 3 * torch.sin(x[:, 3]) - x[:, 4]], 1)
# A few far away, for the linear part of the Huber loss.
values[::7] += 9
binary = (x[:, 0] + x[:, 1] * x[:, 2] > 0).long()
labels = torch.stack([x[:, 0] > 0, x[:, 1] + x[:, 2] > 0, x[:, 3] > 1], 1).float()
classes = (x[:, 0] > 0).long() + (x[:, 1] > 1.2).long()
weights = [0.5, 1.0, 2.5]



def short(tensor):
    """Nine digits are enough for every float32."""
    return [float(f"{value:.9g}") for value in tensor.flatten().tolist()]


cases = {
    "squared-error": (2, values, lambda z, y: 0.5 * F.mse_loss(z, y, reduction="sum")),
    "absolute-error": (2, values, lambda z, y: F.l1_loss(z, y, reduction="sum")),
    "huber": (2, values, lambda z, y: F.huber_loss(z, y, reduction="sum", delta=1.5)),
    "binary-cross-entropy": (1, binary, lambda z, y: F.binary_cross_entropy_with_logits(z[:, 0], y.float(), reduction="sum")),
    "labels": (3, labels, lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="sum")),
    "class-weights": (
        3,
        classes,
        lambda z, y: F.cross_entropy(z, y, weight=torch.tensor(weights), label_smoothing=0.1, reduction="sum"),
    ),
}

runs = {}
for name, (outputs, targets, loss_of) in cases.items():
    net = torch.nn.Sequential(torch.nn.Linear(inputs, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, outputs))
    state = lambda: {key: short(value) for key, value in net.state_dict().items()}
    initial, losses = state(), []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for first in list(range(0, samples, batch)) * epochs:
        loss = loss_of(net(x[first : first + batch]), targets[first : first + batch]) / batch
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    runs[name] = {
        "targets": short(targets),
        "initial": initial,
        "losses": losses,
        "final": state(),
    }

about = {"torch": torch.__version__, "inputs": inputs, "hidden": hidden, "batch": batch, "lr": 0.05}
text = json.dumps({**about, "samples": short(x), "runs": runs})
Path(__file__).with_name("values.json").write_text(text + "\n")
