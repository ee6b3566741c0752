/** A study as Markdown: the plan before it, and a section for each comparison after it. */
import { table } from '../numbers/columns.js';
import { grouped, msRange, tableMs } from '../numbers/words.js';
import type { ComparisonEstimate } from './estimate.js';
import type { StudyRecord } from './study-record.js';
import { type ComparisonSummary, points, type VariantSummary } from './summary.js';

/** The cells to run and their estimated cost. */
export function planMarkdown(estimates: readonly ComparisonEstimate[]): string {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const costs = estimates.map(({ variants }) => sum(variants.map(({ totalMs }) => totalMs)));
  const missing = estimates.map((each) => sum(each.variants.map((variant) => variant.missing)));
  const cells = estimates.map((each) => sum(each.variants.map((variant) => variant.cells)));
  const rows = estimates.map(({ name, variants }, i) => {
    const timed = variants.flatMap(({ cellMs }) => cellMs ?? []);
    return [name, `${variants.length}`, `${cells[i]}`, `${missing[i]}`, msRange(timed), duration(costs[i])];
  });
  const total = ['all', '', `${sum(cells)}`, `${sum(missing)}`, '', duration(sum(costs))];
  const heading = ['comparison', 'variants', 'cells', 'to run', 'ms a cell', 'estimate'];
  return table([heading, ...rows, total], 'lrrrrr');
}

/** study.md: the machine, and every comparison with its table. `charts`: whether the charts' files are beside it. */
export function studyMarkdown(record: StudyRecord, charts: boolean): string {
  const { title, name, date, command, machine, commit, target, status, comparisons } = record;
  const origin =
    commit === null ? '' : `, commit ${commit.slice(0, 10)}${commit.endsWith('+') ? ' with changes' : ''}`;
  return `${[
    `# ${title ?? name}`,
    `Measured on ${date.slice(0, 10)} by \`${command}\`${origin}: ${machine.processor}, ${machine.cores} cores, Node ${machine.node}, WebAssembly ${machine.wasmLevel}.`,
    ...(status === 'done' ? [] : [`**Not complete**: ${status}. The same command resumes it.`]),
    legend(target),
    ...comparisons.flatMap((each) => comparisonSection(each, target, 2, charts ? `${each.slug}.svg` : null)),
  ].join('\n\n')}\n`;
}

export function legend(target: number): string {
  return (
    'Accuracy in %, mean ± standard deviation over seeds; the seed decides initial parameters, subset and order of the ' +
    'images, and is the same for all variants of a comparison. Δ: mean of the paired differences to the baseline in ' +
    "percentage points with its 99 % interval (Student's t). Times are medians of the resident clock in a warm worker pool: " +
    `the run with its last evaluation, and until the first evaluation at ${targetText(target)} % or more, earlier ` +
    'evaluations subtracted. Ratios of times are medians of paired ratios (99 % bootstrap interval).'
  );
}

/** A heading, the question, a table with a row for each variant. `level`: of the heading. */
export function comparisonSection(
  comparison: ComparisonSummary,
  target: number,
  level: number,
  chart: string | null,
): string[] {
  const { name, reference, question, base, equal, seeds, evaluations } = comparison;
  const about = [
    question,
    reference === null ? null : `Reference: ${reference}.`,
    `Base: \`${base}\`; ${seeds} seeds; ${equal === 'time' ? 'equal time' : 'the images that each variant asks for'}; ${evaluations === 'epoch' ? 'an evaluation every epoch' : `${evaluations} evaluation${evaluations === 1 ? '' : 's'} a run`}.`,
  ];
  return [
    `${'#'.repeat(level)} ${name}`,
    about.filter((part) => part !== null).join(' '),
    comparisonTable(comparison, target),
    ...(chart === null ? [] : [`![Accuracy of each run: ${name}](${chart})`]),
  ];
}

export function comparisonTable({ variants }: ComparisonSummary, target: number): string {
  const heading = [
    'variant',
    'accuracy',
    'Δ points',
    'run ms',
    `at ${targetText(target)} %`,
    `ms to ${targetText(target)} %`,
    `images to ${targetText(target)} %`,
    'verdict',
  ];
  return table([heading, ...variants.map(row)], 'lrrrrrrl');
}

function row(variant: VariantSummary): string[] {
  const { label, accuracy, difference, residentMs, toTarget, accuracies, verdict } = variant;
  return [
    label,
    accuracy === null ? '–' : `${percent(accuracy.mean)} ± ${percent(accuracy.sd ?? 0)}`,
    difference === null ? '' : points(difference.estimate),
    residentMs === null ? '–' : tableMs(residentMs.median),
    `${toTarget.reached}/${accuracies.length}`,
    toTarget.ms === null ? '–' : tableMs(toTarget.ms),
    toTarget.images === null ? '–' : grouped(toTarget.images),
    verdict,
  ];
}

/** A share as percent with two digits. */
export const percent = (share: number): string => (100 * share).toFixed(2);

/** A target as percent with the digits it needs. */
export const targetText = (target: number): string => `${Number(percent(target))}`;

export function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
