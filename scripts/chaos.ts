/**
 * Disturbs real training runs at random moments, lets each go on, and compares the weights with those of a run that was not
 * disturbed: `npm run chaos -- [--injections N] [--seed S] [--kinds kill,flip,…] [--json FILE] [--record]`. Prints a table; exit code 1
 * after other weights, a checkpoint that cannot be read, anything left over, or an error that is not one clear line.
 * Kinds that this machine cannot do are skipped with a line; SHARDSTEP_REQUIRE_CHAOS=1 makes that a failure.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { refuseChanges, writeRecord } from '../bench/record.ts';
import { Rng } from '../dist/numbers/rng.js';
import { configurations } from './chaos/configurations.ts';
import { faultyDisk } from './chaos/faulty-disk.ts';
import { type Injection, inject, type Reference, undisturbed } from './chaos/inject.ts';
import { isKind, type KindName, kinds } from './chaos/kinds.ts';
import { cutNetwork } from './chaos/network.ts';
import { writeJsonRecord } from './json-record.ts';

const all = [...Object.keys(kinds), 'network'];
const { values: given } = parseArgs({
  options: {
    injections: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    kinds: { type: 'string', default: all.join() },
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
const [injections, seed] = [given.injections, given.seed].map(Number);
if (!Number.isInteger(injections) || injections < 1)
  usage(`--injections: expected an integer from 1 up, got ${given.injections}`);
if (!Number.isInteger(seed)) usage(`--seed: expected an integer, got ${given.seed}`);

interface Row {
  injections: number;
  itself: number;
  resumed: number;
  startedAgain: number;
  skipped: number;
  differing: number;
  unreadable: number;
  leftovers: number;
  orphans: number;
}

const emptyRow = (): Row => ({
  ...{ injections: 0, itself: 0, resumed: 0, startedAgain: 0, skipped: 0 },
  ...{ differing: 0, unreadable: 0, leftovers: 0, orphans: 0 },
});
const rows = new Map<string, Row>(names.map((name) => [name, emptyRow()]));
const problems: string[] = [];

function count(row: Row, { by, differing, unreadable, leftovers, orphans }: Injection): void {
  if (by === 'skipped') {
    row.skipped++;
    return;
  }
  row.injections++;
  row[by === 'itself' ? 'itself' : by === 'resume' ? 'resumed' : 'startedAgain']++;
  row.differing += differing;
  row.unreadable += unreadable;
  row.leftovers += leftovers;
  row.orphans += orphans;
}

const folder = mkdtempSync(join(tmpdir(), 'shardstep-chaos-'));
const needsDisk = names.some((name) => ['eio', 'enospc', 'short'].includes(name));
try {
  const library = needsDisk ? faultyDisk(folder) : null;
  const choices = configurations(folder);
  const references = new Map<number, Reference>();
  const referenceOf = async (choice: number): Promise<Reference> => {
    const reference = references.get(choice) ?? (await undisturbed(choices[choice], folder));
    references.set(choice, reference);
    return reference;
  };
  for (let number = 0; number < injections; number++) {
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
      count(row, {
        ...{ kind: 'kill', configuration: '', by: 'itself', unreadable: 0, orphans: 0, problems: [] },
        ...{ differing, leftovers },
      });
      note(name, found);
      continue;
    }
    const kind: KindName = name;
    const reference = await referenceOf(below(choices.length));
    const injection = await inject(kind, reference, below, folder, library);
    count(row, injection);
    note(`${kind}, ${injection.configuration}`, injection.problems);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

console.table(Object.fromEntries(rows));
const sum = (of: (row: Row) => number) => [...rows.values()].reduce((total, row) => total + of(row), 0);
const skipped = [...rows].filter(([, row]) => row.skipped > 0).map(([name]) => name);
if (skipped.length > 0) console.log(`SKIPPED on this machine: ${skipped.join(', ')}`);
console.log(
  `${sum((row) => row.injections)} injections of seed ${seed}: ${sum((row) => row.differing)} with other weights, ` +
    `${sum((row) => row.unreadable)} checkpoints that cannot be read, ${sum((row) => row.leftovers)} files left over, ` +
    `${sum((row) => row.orphans)} processes left over, ${problems.length} problems`,
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
            `Seed ${seed}. *itself*: the run ended by itself; *resumed*: by \`train --resume\`; *startedAgain*: it had no checkpoint yet. *differing*: ` +
            `weights with other bits than those of the undisturbed run. ${problems.length} problems.`,
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
