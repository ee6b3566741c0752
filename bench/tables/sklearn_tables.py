"""scikit-learn on the tables: `mlp TABLE SEED`, `boosting TABLE SEED`; TABLE is the place in the manifest.

MLP (128, 64), early stopping on its tenth, all else as it comes; its inputs: standardised numbers, missing ones the median, categories
one-hot. Boosting as it comes, categories as such. The target of a regression whose score is of logarithms is the logarithm,
standardised for the MLP. The clock: `fit` with its preparation, of numbers and words in memory.
"""
import common

import numpy as np
import sklearn
from common import FOLDER, THREADS, now
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from tables_common import manifest, rows_of
from threadpoolctl import threadpool_limits

threadpool_limits(THREADS)
TABLES = manifest(FOLDER)['tables']
MISSING = ('', 'NA', '?')


def columns_of(table, seed):
    """Training and test rows: object arrays of floats and words (None: missing), targets, and which columns are words."""
    parts = [rows_of(FOLDER, table, seed, part) for part in ('train', 'test')]
    inputs = [np.array(rows, dtype=object) for rows, _ in parts]
    words = []
    for column in range(inputs[0].shape[1]):
        try:
            numbers = [[np.nan if x in MISSING else float(x) for x in rows[:, column]] for rows in inputs]
            for rows, own in zip(inputs, numbers):
                rows[:, column] = own
        except ValueError:
            words.append(column)
            for rows in inputs:
                rows[:, column] = ['missing' if x in MISSING else x for x in rows[:, column]]
    target = (lambda y: np.array(y)) if table['task'] == 'classes' else (lambda y: np.array(y, float))
    return inputs, [target(y) for _, y in parts], words


def model_of(kind, table, seed, words, width):
    classes = table['task'] == 'classes'
    numbers = [column for column in range(width) if column not in words]
    if kind == 'mlp':
        own = (MLPClassifier if classes else MLPRegressor)(hidden_layer_sizes=(128, 64), early_stopping=True, random_state=seed)
        scaled = make_pipeline(SimpleImputer(strategy='median', add_indicator=True), StandardScaler())
        coded = OneHotEncoder(handle_unknown='ignore', sparse_output=False)
        own = own if classes else TransformedTargetRegressor(own, transformer=StandardScaler())
    else:
        own = (HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor)(
            categorical_features=list(range(len(numbers), width)) or None, random_state=seed)
        scaled = 'passthrough'
        coded = OrdinalEncoder(handle_unknown='use_encoded_value', unknown_value=np.nan)
    return make_pipeline(ColumnTransformer([('numbers', scaled, numbers), ('words', coded, words)]), own)


def command(kind):
    def reply(place, seed):
        table = TABLES[place]
        (x, xt), (y, yt), words = columns_of(table, seed)
        known = np.log if table['logarithm'] else np.asarray
        model = model_of(kind, table, seed, words, x.shape[1])
        began = now()
        model.fit(x, known(y))
        seconds = now() - began
        predicted = model.predict(xt)
        if table['task'] == 'classes':
            score = own = float((predicted == yt).mean())
        else:
            score = float(np.sqrt(np.mean((predicted - known(yt)) ** 2)))
            own = float(np.sqrt(np.mean((np.exp(predicted) - yt) ** 2))) if table['logarithm'] else score
        return dict(seconds=seconds, score=score, own=own)

    return reply


common.serve(sklearn.__version__, mlp=command('mlp'), boosting=command('boosting'))
