/** The `eval` command: how well a trained network, from its file alone, does on the test part of a data set. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { markdownTable } from 'markdown-table';
import { resolveConfig } from '../config/load.js';
import { OwnResources } from '../coordinator/resources.js';
import type { Dataset } from '../data/dataset.js';
import { evaluatedRange } from '../data/odd-data.js';
import { Predictor } from '../inference/predictor.js';
import { refuseOtherData } from '../inference/same-data.js';
import { type SavedModel, savedModel } from '../inference/saved-model.js';
import { describedSettings, readWeights } from '../inference/weights-file.js';
import { lossOf } from '../loss/loss.js';
import { countCores } from '../machine/cores.js';
import { type ClassScores, scoreClasses } from '../metrics/classification.js';
import { grouped, percent } from '../numbers/words.js';
import type { CommandContext } from '../run/command-context.js';
import { ExitCode, UserError } from '../user-error.js';
import type { Warning } from '../warnings.js';
import type { Command } from './command.js';
import { quietOption } from './option-values.js';

export const command: Command = {
  declare: (parser) =>
    parser
      .argument('<model>', 'a run folder, or its final.safetensors')
      .argument('[data...]', 'data.set, data.dir or data.label, if the images are not those of the run')
      .option(...quietOption),
  run: ([model, ...words], _, line) => evaluate(model, words, line),
};

/** The network says the rest. */
const dataKeys = ['data.set', 'data.dir', 'data.label'];

async function evaluate(model: string, words: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { signal, progress, warnings } = context;
  for (const word of words)
    if (!dataKeys.includes(word.split('=')[0]))
      throw new UserError(
        `expected one of ${dataKeys.join(', ')} with =value after the model, got "${word}"; the model's file says the rest`,
        ExitCode.usage,
      );
  const file = fileOf(model);
  const weights = readWeights(file);
  const overrides = [...describedSettings(weights, file), ...words];
  const { config } = await resolveConfig({ file: null, overrides });
  const resources = new OwnResources(signal, (line) => progress.note(line), warnings.warn);
  try {
    const dataset = await resources.dataset(config);
    const saved = savedModel(weights, file);
    refuseOtherData(saved, dataset);
    for (const { code, message } of evaluatedRange(dataset.test, weights.tensors))
      warnings.warn(code, message);
    const scores = await scoresOf(saved, dataset, resources);
    context.stdout(
      context.json
        ? JSON.stringify(resultJson(file, dataset, scores, warnings.list))
        : card(file, dataset, scores),
    );
    return ExitCode.done;
  } finally {
    await resources.close();
  }
}

function fileOf(model: string): string {
  const isFolder = statSync(model, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? path.join(model, 'final.safetensors') : model;
}

async function scoresOf(
  model: SavedModel,
  { test, classes }: Dataset,
  resources: OwnResources,
): Promise<ClassScores> {
  const kernels = resources.kernels(model.config);
  if (kernels === null) throw new Error('the predictor needs kernels');
  const { physical, available } = await countCores();
  const options = { threads: physical, cores: available };
  const predictor = await Predictor.open(model, model.tensors, kernels, model.source, options);
  try {
    return scoreClasses(predictor.predict(test.values), test.targets, classes, lossOf(model.config.loss));
  } finally {
    await predictor.close();
  }
}

function resultJson(
  file: string,
  { name, labels }: Dataset,
  scores: ClassScores,
  warnings: readonly Warning[],
) {
  return { schema: 1, model: file, set: name, part: 'test', labels, ...scores, warnings };
}

function card(file: string, { name, labels }: Dataset, scores: ClassScores): string {
  const { count, accuracy, interval, loss, ece, confusion, perClass } = scores;
  const share = (value: number | null) => (value === null ? '–' : percent(value));
  const classes = markdownTable(
    [
      ['class', 'images', 'precision', 'recall'],
      ...perClass.map((one, c) => [labels[c], grouped(one.count), share(one.precision), share(one.recall)]),
    ],
    { align: ['l', 'r', 'r', 'r'] },
  );
  const worst = confusion
    .flatMap((row, c) => row.map((n, k) => ({ n, c, k })))
    .filter(({ n, c, k }) => n > 0 && c !== k)
    .sort((a, b) => b.n - a.n)
    .slice(0, 5)
    .map(({ n, c, k }) => `${labels[c]} as ${labels[k]} ${n} ×`);
  return [
    `model      ${file}`,
    `images     ${grouped(count)} of the test part of ${name}`,
    `accuracy   ${percent(accuracy)} (95 % interval ${percent(interval[0])} to ${percent(interval[1])})`,
    `loss       ${loss.toFixed(4)}, without label smoothing`,
    ...(ece === null ? [] : [`calibration error ${percent(ece)} (mean distance of confidence and accuracy)`]),
    `mistaken   ${worst.length === 0 ? 'none' : worst.join(', ')}`,
    '',
    classes,
  ].join('\n');
}
