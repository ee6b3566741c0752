"""`splits.py DATA OUT SEEDS`: writes the tables of the folder DATA and those of scikit-learn as CSV files with their splits.

80/20, of each class in proportion; tables of fewer than 2,000 rows are split anew for each seed, since a fifth of them is few
rows; Adult has its own test file. Tables whose files are not in DATA are left out of the manifest, and named in it.
"""
import csv
import gzip
import json
import os
import sys

from sklearn import datasets
from sklearn.model_selection import train_test_split

DATA, OUT, SEEDS = sys.argv[1], sys.argv[2], int(sys.argv[3])
SMALL = 2000

# name, file, file of test rows, target, task, whether the score is of logarithms
FILES = [
    ('adult', 'adult_train.csv', 'adult_test.csv', 'income', 'classes', False),
    ('diamonds', 'diamonds.csv', None, 'price', 'values', True),
    ('letters', 'letterrecognition.csv', None, 'lettr', 'classes', False),
    ('penguins', 'penguins.csv', None, 'species', 'classes', False),
]
# Parts of the training rows of the tables so far and of the next four helped to choose the recipe; the others did not.
BUILT_IN = [
    ('breast cancer', datasets.load_breast_cancer, 'classes'),
    ('digits', datasets.load_digits, 'classes'),
    ('wine', datasets.load_wine, 'classes'),
    ('diabetes', datasets.load_diabetes, 'values'),
    ('iris', datasets.load_iris, 'classes'),
    ('hastie', lambda: datasets.make_hastie_10_2(12000, random_state=0), 'classes'),
    ('friedman 3', lambda: datasets.make_friedman3(5000, noise=0.1, random_state=0), 'values'),
]


def read(name):
    path = os.path.join(DATA, name)
    if os.path.exists(path):
        with open(path, newline='') as file:
            return list(csv.reader(file))
    with gzip.open(path + '.gz', 'rt', newline='') as file:
        return list(csv.reader(file))


def write(name, header, rows):
    with open(os.path.join(OUT, name), 'w', newline='') as file:
        csv.writer(file).writerows([header, *rows])


def add(name, target, task, logarithm, header, rows, test=None):
    splits = SEEDS if len(rows) < SMALL and test is None else 1
    at = header.index(target)
    for split in range(1, splits + 1):
        strata = [row[at] for row in rows] if task == 'classes' else None
        seed = split - 1
        parts = (rows, test) if test else train_test_split(rows, test_size=0.2, random_state=seed, stratify=strata)
        for part, own in zip(('train', 'test'), parts):
            write(f'{name}-{split}.{part}.csv', header, own)
    tables.append(dict(
        name=name, target=target, task=task, logarithm=logarithm, splits=splits, columns=len(header) - 1,
        train=len(parts[0]), test=len(parts[1]),
    ))


tables, missing = [], []
for name, file, test, target, task, logarithm in FILES:
    try:
        header, *rows = read(file)
        add(name, target, task, logarithm, header, rows, read(test)[1:] if test else None)
    except FileNotFoundError as error:
        missing.append(f'{name}: no {os.path.basename(error.filename)}')
for name, load, task in BUILT_IN:
    loaded = load()
    inputs, targets = loaded if isinstance(loaded, tuple) else (loaded.data, loaded.target)
    words = [f'class {int(y)}' for y in targets] if task == 'classes' else [repr(float(y)) for y in targets]
    names = getattr(loaded, 'feature_names', [f'x{place}' for place in range(inputs.shape[1])])
    rows = [[*(repr(float(x)) for x in row), word] for row, word in zip(inputs, words)]
    add(name.replace(' ', '-'), 'target', task, False, [*map(str, names), 'target'], rows)
with open(os.path.join(OUT, 'manifest.json'), 'w') as file:
    json.dump(dict(tables=tables, missing=missing), file)
