/** The `eval` command: how well a trained network, from its file alone, does on the test part of a data set. */
import { markdownTable } from 'markdown-table';
import { OwnResources } from '../coordinator/resources.js';
import type { Dataset } from '../data/dataset.js';
import { classesIn, labelsOf } from '../data/target.js';
import { savedModel } from '../inference/saved-model.js';
import { readWeights } from '../inference/weights-file.js';
import { lossOf } from '../loss/loss.js';
import { classJudged } from '../metrics/classes.js';
import { type ClassScores, scoreClasses } from '../metrics/classification.js';
import { allMetrics } from '../metrics/metric.js';
import { type Mistake, worstMistakes } from '../metrics/mistakes.js';
import { grouped, percent } from '../numbers/words.js';
import { firstFailure } from '../run/atomic-file.js';
import type { CommandContext } from '../run/command-context.js';
import { ExitCode, UserError } from '../user-error.js';
import type { Warning } from '../warnings.js';
import type { Command } from './command.js';
import { drawingTo, pictureName } from './draw-mistakes.js';
import { fileOf, outputsOf, testSetOf } from './model-scores.js';
import { quietOption } from './option-values.js';
import { scoreValues, valuesCard, valuesJson } from './value-scores.js';

interface Flags {
  readonly mistakes?: string;
}

export const command: Command<Flags> = {
  declare: (parser) =>
    parser
      .argument('<model>', 'a run folder, or its final.safetensors')
      .argument(
        '[data...]',
        'data.set, data.dir, data.label, data.testFile or data.test, if the samples are not those of the run',
      )
      .option(
        '--mistakes <file.svg>',
        `a picture of the ${mostMistakes} worst mistakes: true → predicted class, with its probability`,
        pictureName,
      )
      .option(...quietOption),
  run: ([model, ...words], { mistakes }, line) => evaluate(model, words, mistakes ?? null, line),
};

/** Of the picture and of the JSON. */
const mostMistakes = 40;

async function evaluate(
  model: string,
  words: readonly string[],
  picture: string | null,
  context: CommandContext,
): Promise<ExitCode> {
  const { signal, progress, warnings } = context;
  const file = fileOf(model);
  const weights = readWeights(file);
  const resources = new OwnResources(signal, (line) => progress.note(line), warnings.warn);
  try {
    const saved = savedModel(weights, file);
    if (picture !== null && saved.target.kind === 'value')
      throw UserError.refusal('--mistakes', 'a network of classes', 'one of values');
    const draw = picture === null ? null : await drawingTo(picture, saved);
    const dataset = await testSetOf(weights, words, file, resources, warnings.warn);
    const outputs = await outputsOf(saved, dataset, resources);
    if (saved.target.kind === 'value') {
      const scores = scoreValues(saved, dataset, outputs);
      context.stdout(
        context.json
          ? JSON.stringify({ ...valuesJson(file, dataset, scores), warnings: warnings.list })
          : valuesCard(file, dataset, scores),
      );
      return ExitCode.done;
    }
    const targets = classesIn(dataset.test.targets);
    const { length: classes } = saved.target.labels;
    const loss = lossOf(saved.config.loss, saved.facts.target);
    const scores = scoreClasses(outputs, targets, classes, loss);
    const { accuracy: _, ...more } = allMetrics(classJudged(outputs, targets, classes, loss));
    const mistakes = worstMistakes(outputs, targets, classes, loss, mostMistakes);
    const undrawn = draw === null ? null : await firstFailure([draw(mistakes, dataset)]);
    context.stdout(
      context.json
        ? JSON.stringify({
            ...resultJson(file, dataset, scores, mistakes.worst, warnings.list),
            metrics: { accuracy: scores.accuracy, ...more },
          })
        : card(file, dataset, scores, undrawn === null ? picture : null),
    );
    if (undrawn !== null) throw undrawn;
    return ExitCode.done;
  } finally {
    await resources.close();
  }
}

function resultJson(
  file: string,
  { name, target: classes }: Dataset,
  scores: ClassScores,
  worst: readonly Mistake[],
  warnings: readonly Warning[],
) {
  const labels = labelsOf(classes);
  const mistakes = worst.map(({ index, target, chosen, probability }) => ({
    ...{ index, true: labels[target], predicted: labels[chosen], probability },
  }));
  return { schema: 1, model: file, set: name, part: 'test', labels, ...scores, mistakes, warnings };
}

function card(file: string, { name, target }: Dataset, scores: ClassScores, picture: string | null): string {
  const labels = labelsOf(target);
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
    ...(picture === null ? [] : [`picture    ${picture}`]),
    '',
    classes,
  ].join('\n');
}
