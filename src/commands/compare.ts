/** The `compare` command: compares two machines or two recipes and lists their differences. */

import { markdownTable } from 'markdown-table';
import { digits, interval, milliseconds, percent, printable } from '../numbers/words.js';
import { incomparable } from '../report/comparable.js';
import { type Comparison, comparePair, type Measure, verdict } from '../report/compare.js';
import type { Difference } from '../report/config-keys.js';
import { type LoadedRuns, loadRuns } from '../report/load-runs.js';
import { damageLine } from '../report/log-problems.js';
import { match, type Pair, type Unit, unitsOf } from '../report/pairs.js';
import { survey } from '../report/settings.js';
import type { CommandContext } from '../run/command-context.js';
import { ExitCode, UserError } from '../user-error.js';
import type { Command } from './command.js';

export const command: Command<{ readonly force: boolean }> = {
  declare: (parser) =>
    parser
      .argument('<a>', 'run folder, NDJSON log or folder of runs')
      .argument('<b>', 'the same')
      .option('--force', 'compare although data or recipe differ', false),
  run: ([a, b], { force }, line) => compare({ a, b, force }, line),
};

export interface CompareOptions {
  readonly a: string;
  readonly b: string;
  readonly force: boolean;
}

/** @throws UserError (usage) for a missing path, if nothing matches, or if the matches must not be compared. */
export async function compare({ a, b, force }: CompareOptions, context: CommandContext): Promise<ExitCode> {
  const sides = await Promise.all([a, b].map((path) => loadRuns([path], context.signal)));
  for (const { damages } of sides) for (const damage of damages) context.stderr(damageLine(damage));
  const [left, right] = sides.map((side) => unitsOf(survey(side.runs)));
  const { pairs, onlyA, onlyB } = match(left, right);
  if (pairs.length === 0)
    throw nothingAlike({ path: a, units: left, ...sides[0] }, { path: b, units: right, ...sides[1] });
  const refusals = pairs.flatMap(whyNot);
  if (refusals.length > 0 && !force)
    throw new UserError(
      `${a} and ${b} cannot be compared: ${refusals.join('; ')}; --force compares them anyway`,
      ExitCode.usage,
    );
  const comparisons = pairs.map(comparePair);
  if (context.json) {
    const json = { schema: 1, a, b, forced: refusals, comparisons: comparisons.map(asJson) };
    context.stdout(
      JSON.stringify({
        ...json,
        onlyA: onlyA.map(({ label }) => label),
        onlyB: onlyB.map(({ label }) => label),
      }),
    );
    return ExitCode.done;
  }
  context.stdout(
    [`A  ${a}`, `B  ${b}`, ...refusals.map((refusal) => `not comparable, forced: ${refusal}`)].join('\n'),
  );
  for (const comparison of comparisons) context.stdout(printable(lines(comparison).join('\n')));
  for (const { label } of onlyA) context.stdout(printable(`only in A: ${label}`));
  for (const { label } of onlyB) context.stdout(printable(`only in B: ${label}`));
  return ExitCode.done;
}

function whyNot({ a, b }: Pair): string[] {
  const kinds = a.kind === b.kind ? [] : [`one is a ${a.kind} and the other a ${b.kind} run`];
  return [...kinds, ...incomparable(a.runs[0], b.runs[0])];
}

interface Side extends LoadedRuns {
  readonly path: string;
  readonly units: readonly Unit[];
}

function nothingAlike(a: Side, b: Side): UserError {
  const [empty] = [a, b].filter(({ units }) => units.length === 0);
  if (empty !== undefined)
    return new UserError(
      `${empty.path}: expected at least one evaluation or sweep, its ${empty.files} log(s) have none`,
      ExitCode.usage,
    );
  const of = ({ units }: Side) => units.map(({ label }) => label).join('; ');
  return new UserError(
    `no recipe with the same threads and sync is on both sides; ${a.path} has ${of(a)}; ${b.path} has ${of(b)}; name one run of each to compare these`,
    ExitCode.usage,
  );
}

function asJson({ pair, ...rest }: Comparison) {
  const measures = rest.measures.map((measure) => ({ ...measure, verdict: verdict(measure) }));
  return { a: pair.a.label, b: pair.b.label, ...rest, measures };
}

function lines({ pair: { a, b }, measures, notes, hardware, config }: Comparison): string[] {
  const heading = a.label === b.label ? a.label : `A: ${a.label}; B: ${b.label}`;
  const rows = measures.map((measure) => [
    measure.name,
    shown(measure, measure.a),
    shown(measure, measure.b),
    measure.samples.join(' / '),
    measure.unit === 'accuracy' ? points(measure.change) : `${measure.change.toFixed(2)} ×`,
    measure.interval === null
      ? '–'
      : interval(measure.interval, measure.unit === 'accuracy' ? points : (value) => value.toFixed(2)),
    verdict(measure),
  ]);
  const table = markdownTable([['', 'A', 'B', 'samples', 'B against A', '95 %', 'verdict'], ...rows], {
    align: ['l', 'r', 'r', 'r', 'r', 'r', 'l'],
  });
  return [
    '',
    heading,
    ...(rows.length === 0 ? ['nothing to compare'] : ['', table]),
    ...notes.map((note) => `note: ${note}`),
    ...list('hardware', hardware, a.runs[0].hardware === null || b.runs[0].hardware === null),
    ...list('configuration', config, false),
  ];
}

/** Indented `key: a → b`, one a line. */
function list(what: string, found: readonly Difference[], unknown: boolean): string[] {
  if (unknown) return ['', `${what}: unknown, because a log has no hardware card`];
  if (found.length === 0) return ['', `${what}: no difference`];
  return [
    '',
    `${what} that differs:`,
    ...found.map(({ key, a, b }) => `  ${key}: ${a ?? 'none'} → ${b ?? 'none'}`),
  ];
}

function shown({ unit }: Measure, value: number): string {
  if (unit === 'ms') return milliseconds(value);
  if (unit === 'accuracy') return percent(value);
  return unit === '×' ? `${value.toFixed(2)} ×` : `${digits(value)} images/s`;
}

const points = (share: number) => `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(2)}`;
