"""fastText on the sentences of a folder: `SEED tutorial|plain` answers its accuracy on the test part and its seconds. tutorial: rate 0.5, 25 epochs and pairs of
words, as its tutorial arrives at; plain: as it comes. The clock: train_supervised, which reads the file.
"""
import json
import sys
import time

import fasttext

FOLDER, THREADS = sys.argv[1], int(sys.argv[2])
SETTINGS = {'plain': {}, 'tutorial': {'lr': 0.5, 'epoch': 25, 'wordNgrams': 2}}

print(json.dumps({'version': '0.9.2'}), flush=True)
for line in sys.stdin:
    seed, name = line.split()
    settings = SETTINGS[name]
    start = time.perf_counter()
    model = fasttext.train_supervised(f'{FOLDER}/{seed}.train.txt', thread=THREADS, seed=int(seed), verbose=0, **settings)
    seconds = time.perf_counter() - start
    count, precision, _ = model.test(f'{FOLDER}/{seed}.test.txt')
    print(json.dumps({'score': precision, 'seconds': seconds, 'epochs': settings.get('epoch', 5), 'rows': count}), flush=True)
