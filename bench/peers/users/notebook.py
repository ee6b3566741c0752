"""The course notebook as written: torchvision's transforms, DataLoader with two workers, a user's own FastMLP."""
import gzip, json, os, sys, tempfile, time

sys.path.pop(0)  # this file's folder: torchvision's imports would find and run the neighbouring file named pytorch
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

torch.set_num_threads(int(sys.argv[2]))
root = tempfile.TemporaryDirectory()
raw = os.path.join(root.name, 'MNIST', 'raw')
os.makedirs(raw)
for name in 'train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1':
    with gzip.open(f'{sys.argv[1]}/{name}-ubyte.gz') as packed, open(f'{raw}/{name}-ubyte', 'wb') as plain:
        plain.write(packed.read())
transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
train_set = datasets.MNIST(root.name, train=True, transform=transform)
test_set = datasets.MNIST(root.name, train=False, transform=transform)
train_loader = DataLoader(train_set, batch_size=512, shuffle=True, num_workers=2)
test_loader = DataLoader(test_set, batch_size=1024)


class FastMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.fc2 = nn.Linear(256, 128)
        self.fc3 = nn.Linear(128, 10)

    def forward(self, x):
        x = x.view(x.size(0), -1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


model = FastMLP()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
began, curve = time.perf_counter(), []
for epoch in range(10):
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    correct = 0
    with torch.no_grad():
        for x, y in test_loader:
            correct += (model(x).argmax(1) == y).sum().item()
    accuracy = correct / len(test_set)
    curve.append([1000 * (time.perf_counter() - began), accuracy])
    if accuracy >= 0.97:
        break
print(json.dumps(dict(accuracy=accuracy, residentMs=curve[-1][0], curve=curve)))
