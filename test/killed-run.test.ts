/** A run that is killed keeps its configuration, its log, the rows of metrics.csv and the records of the event file so far. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventFileName } from '../dist/run/run-folder.js';
import { temporaryFolder } from './support/data-files.ts';

const coordinator = fileURLToPath(new URL('../dist/coordinator', import.meta.url));

test('SIGKILL: the rows so far are whole lines of the same form, and steps follow each other', async (t) => {
  const out = join(await temporaryFolder(t), 'run');
  const words = ['train', '--config', 'pixels-97', 'train.epochs=1000', 'stop.target=null', 'log.every=1'];
  words.push('log.tensorboard=true');
  const child = spawn(process.execPath, [coordinator, ...words, '--quiet', '--threads', '1', '--out', out], {
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  const file = join(out, 'metrics.csv');
  const rows = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);
  while (rows().length < 1000 && child.exitCode === null) await sleep(20);
  child.kill('SIGKILL');
  assert.equal(await ended, 'SIGKILL');
  assert.match(readFileSync(join(out, 'config.yaml'), 'utf8'), /epochs: 1000/);
  const log = readFileSync(join(out, 'log.ndjson'), 'utf8').split('\n');
  assert.ok(log.length > 500, `${log.length} lines`);
  assert.deepEqual(JSON.parse(log[0]).event, 'run_start');
  const [heading, ...lines] = rows();
  assert.equal(heading, 'step,epoch,loss,accuracy,lr,elapsed_ms');
  assert.equal(lines.pop(), '');
  for (const [i, line] of lines.entries())
    assert.match(line, new RegExp(`^${i + 1},\\d+,[\\d.e-]+,(|0\\.\\d+),[\\d.e-]+,[\\d.]+$`));
  const evaluated = lines.filter((line) => line.split(',')[3] !== '');
  assert.ok(evaluated.length >= 1, 'an evaluation follows the step that it is of');
  const records = recordsOf(readFileSync(join(out, eventFileName)));
  assert.ok(records > 500, `${records} records`);
});

/** Records of an event file: length, its CRC, data, their CRC. The last one must be whole. */
function recordsOf(file: Buffer): number {
  let records = 0;
  let at = 0;
  while (at < file.length) {
    at += Number(file.readBigUInt64LE(at)) + 16;
    records++;
  }
  assert.equal(at, file.length, 'the last record is cut');
  return records;
}
