/**
 * Warnings: a run continues, but its result may differ from the user's intention. They go to stderr even with
 * `--quiet`, to the log as event `warning`, and to `warnings` in result.json. Their codes are public names;
 * docs/warnings.md is generated from this table.
 */

/** When each warning is given. */
export const warningCodes = {
  'value-range':
    'The training values do not reach 255 and are scaled by their range, or those of another part exceed it (data.scale).',
  'class-missing': 'A class has no image in one of the parts: training, validation or test.',
  'weights-undescribed':
    'The file of model.init.file does not describe its network; activation and normalisation are those of the configuration.',
  'import-assumed':
    'The file of another program leaves something open that `import` decided, or its network changes slightly; the message says what.',
  'loss-rose':
    'The training loss of the last epoch is above that of the first step: the learning rate is likely too high.',
  overfitted: 'The loss of the last evaluation is above that of the first step, the training loss is not.',
  'chance-level': 'The accuracy is no better than that of always answering the most frequent class.',
  'level-unknown': 'The environment variable LOG_LEVEL holds an unknown level; the default is used.',
  'label-guessed': 'The header of a CSV file does not name the column of the labels; one is chosen.',
  'label-one-hot':
    'Columns of a CSV file look like one-hot labels, of which one alone, or none, is used as label.',
  'column-left-out': 'A column of a CSV file names or counts the rows and is neither label nor pixel.',
  'column-ignored':
    'A column of a table is no input: it is constant, without values, or another in every row. data.columns says otherwise.',
  'column-leaks':
    'A column of a table determines the target almost alone: it may not be known when a row is to be predicted.',
  'evaluates-training-rows':
    'A model of a table, or of pictures in folders, is evaluated on the file or the folder that it was trained on, whole: data.test has what was held out.',
  'pictures-left-out':
    'A folder of pictures has files that are no pictures or cannot be read, pictures of no class, or folders without pictures: they are left out.',
  'test-without-labels': 'The test file has no labels: training samples are held out for the test instead.',
  'cache-temporary':
    'There is no home folder, or the cache folder cannot be written; downloads go to the temporary folder, which may be emptied.',
  'latest-not-linked': 'The link `latest` to the newest run could not be made; the run is in its own folder.',
  'charts-omitted': 'The packages that draw charts are not installed; the run folder has no charts.',
  'kernels-refused':
    'The kernels of a level compute wrongly on this machine, or do not compile; those of the next level are used.',
  'threads-above-limit':
    'More threads were requested than CPUs are available to the process; the message says what limits them.',
  'checkpoint-not-written':
    'A checkpoint, or its name checkpoint-last, could not be written, or an older one not be deleted; the run continues, and the next one is tried.',
  'records-not-written':
    'The log, metrics.csv or the event file could not be written while the run went on. What they lack is written later; if it cannot be by the end, that is an error.',
  'checkpoint-damaged':
    'The newest checkpoint cannot be read, and the run is resumed from the one before; or that of the best evaluation cannot be, and is replaced.',
  'records-incomplete':
    'The log or metrics.csv of a run that is resumed lacks rows of steps before its checkpoint, such as after a power cut.',
  'kernels-differ':
    'A run is resumed with other kernels than before, such as on another Node: the bits of its weights may differ.',
  'worker-replaced':
    'A worker failed, exited or hung, and a new one has taken its place (parallel.onWorkerLoss=continue); the message says why.',
} as const satisfies Readonly<Record<string, string>>;

export type WarningCode = keyof typeof warningCodes;

export interface Warning {
  readonly code: WarningCode;
  readonly message: string;
}

export type Warn = (code: WarningCode, message: string) => void;
