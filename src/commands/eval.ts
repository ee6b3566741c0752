/** The `eval` command: how well a trained network, from its file alone, does on the test part of a data set. */
import { markdownTable } from 'markdown-table';
import { OwnResources } from '../coordinator/resources.js';
import type { Dataset } from '../data/dataset.js';
import { savedModel } from '../inference/saved-model.js';
import { readWeights } from '../inference/weights-file.js';
import type { ClassScores } from '../metrics/classification.js';
import { grouped, percent } from '../numbers/words.js';
import type { CommandContext } from '../run/command-context.js';
import { ExitCode } from '../user-error.js';
import type { Warning } from '../warnings.js';
import type { Command } from './command.js';
import { fileOf, scoresOf, testSetOf } from './model-scores.js';
import { quietOption } from './option-values.js';

export const command: Command = {
  declare: (parser) =>
    parser
      .argument('<model>', 'a run folder, or its final.safetensors')
      .argument('[data...]', 'data.set, data.dir or data.label, if the images are not those of the run')
      .option(...quietOption),
  run: ([model, ...words], _, line) => evaluate(model, words, line),
};

async function evaluate(model: string, words: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { signal, progress, warnings } = context;
  const file = fileOf(model);
  const weights = readWeights(file);
  const resources = new OwnResources(signal, (line) => progress.note(line), warnings.warn);
  try {
    const dataset = await testSetOf(weights, words, file, resources, warnings.warn);
    const scores = await scoresOf(savedModel(weights, file), dataset, resources);
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
