"""The tables of the bench as files: a folder with manifest.json and, for each split, its training and test rows as CSV."""
import csv
import json
import os


def manifest(folder):
    with open(os.path.join(folder, 'manifest.json')) as file:
        return json.load(file)


def split_of(table, seed):
    """Small tables are split anew for each seed, others once."""
    return f"{table['name']}-{seed if table['splits'] > 1 else 1}"


def rows_of(folder, table, seed, part):
    """(inputs [rows][columns] as words, targets as words)."""
    with open(os.path.join(folder, f'{split_of(table, seed)}.{part}.csv'), newline='') as file:
        header, *rows = csv.reader(file)
    at = header.index(table['target'])
    return [row[:at] + row[at + 1 :] for row in rows], [row[at] for row in rows]
