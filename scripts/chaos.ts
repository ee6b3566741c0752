/**
 * Disturbs real training runs at random moments, lets each go on, and compares the weights with those of a run that was not
 * disturbed: `npm run chaos -- [--injections N] [--at-once N] [--seed S] [--kinds kill,flip,…] [--only PART_OF_A_NAME]
 * [--json FILE] [--record]`. Prints its progress each minute, and a table; exit code 1 after other weights, a checkpoint that cannot be read, anything left over, or an error that is not one clear line.
 * Kinds that this machine cannot do are skipped with a line; SHARDSTEP_REQUIRE_CHAOS=1 makes that a failure.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { refuseChanges, writeRecord } from '../bench/record.ts';
import { Rng } from '../dist/numbers/rng.js';
import { cachedProgram } from './chaos/cached-program.ts';
import { atEnd, cleanUp, cleanUpAtExit } from './chaos/cleanup.ts';
import { type Configuration, configurations } from './chaos/configurations.ts';
import { faultyDisk } from './chaos/faulty-disk.ts';
import { inject } from './chaos/inject.ts';
import { isKind, kinds, type Tools } from './chaos/kinds.ts';
import { cutNetwork } from './chaos/network.ts';
import { type Reference, undisturbed } from './chaos/reference.ts';
import { count, emptyRow, type Row, resumedShare } from './chaos/rows.ts';
import { writeJsonRecord } from './json-record.ts';

const all = [...Object.keys(kinds), 'network'];
/** In turn. What ends a run at a moment comes twice: most of the others end it early, or not. */
const turns = [...all, 'kill', 'term', 'int', 'flip'];
const { values: given } = parseArgs({
  options: {
    injections: { type: 'string', default: '50' },
    'at-once': { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    kinds: { type: 'string', default: turns.join() },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});
if (given.record) refuseChanges();

function usage(problem: string): never {
  console.error(`chaos: ${problem}`);
  process.exit(2);
}

const names = given.kinds.split(',');
for (const name of names)
  if (!all.includes(name)) usage(`--kinds: expected some of ${all.join()}, got ${name}`);
const [injections, atOnce, seed] = [given.injections, given['at-once'], given.seed].map(Number);
if (!Number.isInteger(injections) || injections < 1)
  usage(`--injections: expected an integer from 1 up, got ${given.injections}`);
if (!Number.isInteger(atOnce) || atOnce < 1)
  usage(`--at-once: expected an integer from 1 up, got ${given['at-once']}`);
if (!Number.isInteger(seed)) usage(`--seed: expected an integer, got ${given.seed}`);

const rows = new Map(names.map((name) => [name, emptyRow()]));
const sum = (of: (row: Row) => number) => [...rows.values()].reduce((total, row) => total + of(row), 0);
const problems: string[] = [];

cleanUpAtExit();
const folder = mkdtempSync(join(tmpdir(), 'shardstep-chaos-'));
atEnd(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const choices = configurations(folder).filter(({ name }) => name.includes(given.only));
const cached = choices.filter(({ data }) => data === 'mnist');
if (choices.length === 0 || (names.includes('cache') && cached.length === 0))
  usage(`--only: expected a part of the name of a run, of MNIST for the kind cache, got ${given.only}`);
const references = new Map<Configuration, Promise<Reference>>();
function referenceOf(configuration: Configuration): Promise<Reference> {
  const reference = references.get(configuration) ?? undisturbed(configuration, folder);
  references.set(configuration, reference);
  return reference;
}

async function injectOne(number: number, tools: Tools): Promise<void> {
  const name = names[number % names.length];
  const row = rows.get(name) ?? emptyRow();
  const rng = new Rng((Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0);
  const below = (n: number) => rng.below(n);
  const note = (what: string, found: readonly string[]) => {
    for (const problem of found) {
      problems.push(`injection ${number}, ${what}: ${problem}`);
      console.error(problems.at(-1));
    }
  };
  if (!isKind(name)) {
    const { differing, leftovers, problems: found } = await cutNetwork(below, folder);
    count(row, { by: 'itself', again: 0, unreadable: 0, orphans: 0, differing, leftovers });
    note(name, found);
    return;
  }
  const fit = name === 'cache' ? cached : choices;
  const reference = await referenceOf(fit[below(fit.length)]);
  const injection = await inject(name, reference, below, folder, tools);
  count(row, injection);
  note(`${name}, ${injection.configuration}`, injection.problems);
}

const started = performance.now();
function progress(): string {
  const done = sum(({ injections: ended, skipped }) => ended + skipped);
  const minutes = (performance.now() - started) / 60_000;
  const rest = done === 0 ? '' : `, about ${Math.ceil(((injections - done) * minutes) / done)} min left`;
  return `${done} of ${injections} injections in ${minutes.toFixed(1)} min, ${resumedShare(sum)}, ${problems.length} problems${rest}`;
}
const reporting = setInterval(() => console.error(progress()), 60_000);

try {
  const tools: Tools = {
    faultyDisk: names.some((name) => ['eio', 'enospc', 'short'].includes(name)) ? faultyDisk(folder) : null,
    installed: names.includes('cache') ? await cachedProgram(folder, cached[0].words) : null,
  };
  let next = 0;
  const oneAfterAnother = async () => {
    while (next < injections) await injectOne(next++, tools);
  };
  await Promise.all(Array.from({ length: atOnce }, oneAfterAnother));
} finally {
  clearInterval(reporting);
  cleanUp();
}

console.table(Object.fromEntries(rows));
const skipped = [...rows].filter(([, row]) => row.skipped > 0).map(([name]) => name);
if (skipped.length > 0) console.log(`SKIPPED on this machine: ${skipped.join(', ')}`);
console.log(
  `${sum((row) => row.injections)} injections of seed ${seed}: ${sum((row) => row.differing)} with other weights, ` +
    `${sum((row) => row.unreadable)} checkpoints that cannot be read, ${sum((row) => row.leftovers)} files left over, ` +
    `${sum((row) => row.orphans)} processes left over, ${problems.length} problems; ${resumedShare(sum)}`,
);

if (given.json !== undefined)
  writeJsonRecord(given.json, 'chaos', seed, {
    injections: sum((row) => row.injections),
    kinds: Object.fromEntries(rows),
    problems,
  });
if (given.record) {
  const heading = ['kind', ...Object.keys(emptyRow())];
  await writeRecord(
    'chaos',
    {
      bars: [],
      tables: [
        {
          title: 'Injections by kind',
          note:
            `Seed ${seed}. *itself*: the run ended by itself; *resumed*: by \`train --resume\`; *startedAgain*: it had no checkpoint yet, or refused its damaged data. *again*: disturbances of runs that were resumed. *differing*: ` +
            `weights with other bits than those of the undisturbed run. ${resumedShare(sum)}; ${problems.length} problems.`,
          rows: [heading, ...[...rows].map(([kind, row]) => [kind, ...Object.values(row).map(String)])],
        },
      ],
      samples: Object.fromEntries(
        Object.keys(emptyRow()).map((column) => [column, [sum((row) => row[column as keyof Row])]]),
      ),
      notes: problems,
    },
    { words: process.argv.slice(2) },
  );
}
const isIncomplete = skipped.length > 0 && process.env.SHARDSTEP_REQUIRE_CHAOS === '1';
process.exitCode = problems.length > 0 || isIncomplete ? 1 : 0;
