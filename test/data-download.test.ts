/** Downloads, against real HTTP servers on this machine that misbehave in every way that mirrors do. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { DownloadProgress } from '../dist/data/download.js';
import { type IdxName, idxNames } from '../dist/data/known-sets.js';
import { type LoadOptions, loadDataset } from '../dist/data/load.js';
import { ExitCode } from '../dist/user-error.js';
import { refusal, refusalMessage, temporaryFolder } from './support/data-files.ts';
import {
  type Answer,
  knownSetsWith,
  makeArchives,
  serve,
  startMirror,
  status,
} from './support/data-server.ts';

const archives = makeArchives();
const big: IdxName = 'train-images-idx3-ubyte';
const bigFile = `${big}.gz`;
const size = archives[big].length;
const half = size >> 1;

/** Mirrors with these answers, an empty cache, and a load of the set that they serve. */
async function prepare(t: TestContext, ...answers: Answer[]) {
  const cacheDir = await temporaryFolder(t);
  const dir = join(cacheDir, 'datasets', 'fashion-mnist');
  const mirrors = await Promise.all(answers.map((answer) => startMirror(t, archives, answer)));
  const load = (options: LoadOptions = {}) =>
    loadDataset(
      { set: 'fashion-mnist', dir: null },
      { environment: {}, cacheDir, knownSets: knownSetsWith(archives, mirrors), ...options },
    );
  return { dir, load, mirrors, requests: mirrors.map((mirror) => mirror.requests) };
}

const requestsOf = (requests: readonly string[] | undefined, file: string) =>
  (requests ?? []).filter((request) => request.includes(file)).map((request) => request.split(' ').at(-1));

/** Sends half of the big file and drops the connection once that is known to have arrived; afterwards behaves. */
function cutOnce() {
  let hasArrived = () => {};
  const arrived = new Promise<void>((resolve) => {
    hasArrived = resolve;
  });
  let cut = false;
  const answer: Answer = (request, response, file, offset, requestNumber) => {
    if (cut || file !== archives[big]) return serve(request, response, file, offset, requestNumber);
    cut = true;
    response.writeHead(200, { 'content-length': file.length });
    response.write(file.subarray(0, half));
    void arrived.then(() => response.destroy());
  };
  const onProgress = ({ file, receivedBytes }: DownloadProgress) => {
    if (file === bigFile && receivedBytes >= half) hasArrived();
  };
  return { answer, onProgress };
}

/** Long enough for a server of this process to answer however busy the machine is. */
const idleTimeoutMs = 1000;

/** Sends the beginning of the big file and then nothing more, with the connection open. */
const stall: Answer = (request, response, file, offset, requestNumber) => {
  if (file !== archives[big]) return serve(request, response, file, offset, requestNumber);
  response.writeHead(offset > 0 ? 206 : 200, { 'content-range': `bytes ${offset}-${size - 1}/${size}` });
  if (offset === 0) response.write(file.subarray(0, half));
  else response.flushHeaders();
};

async function assertCached(dir: string): Promise<void> {
  assert.deepEqual((await readdir(dir)).sort(), idxNames.map((name) => `${name}.gz`).sort());
  for (const name of idxNames) assert.ok((await readFile(join(dir, `${name}.gz`))).equals(archives[name]));
}

test('downloads into the cache folder, with progress, and the second time from there', async (t) => {
  const { dir, load, requests } = await prepare(t, serve);
  const last = new Map<string, number>();
  const dataset = await load({
    onProgress: ({ file, receivedBytes, totalBytes }) => {
      assert.ok(receivedBytes > (last.get(file) ?? 0));
      assert.equal(totalBytes, archives[file.replace('.gz', '') as IdxName].length);
      last.set(file, receivedBytes);
    },
  });
  assert.deepEqual([dataset.train.count, dataset.test.count, dataset.source], [60, 2, dir]);
  assert.equal(last.get(bigFile), size);
  await assertCached(dir);
  assert.equal(requests[0]?.length, 4);
  assert.deepEqual(await load(), dataset);
  assert.equal(requests[0]?.length, 4);
});

test('SHARDSTEP_CACHE names the cache folder', async (t) => {
  const { load } = await prepare(t, serve);
  const elsewhere = await temporaryFolder(t);
  const { source } = await load({ environment: { SHARDSTEP_CACHE: elsewhere }, cacheDir: '' });
  assert.equal(source, join(elsewhere, 'datasets', 'fashion-mnist'));
});

test('a connection that is cut is taken up where it ended', async (t) => {
  const { answer, onProgress } = cutOnce();
  const { dir, load, requests } = await prepare(t, answer);
  await load({ onProgress });
  assert.deepEqual(requestsOf(requests[0], bigFile), ['-', `bytes=${half}-`]);
  await assertCached(dir);
});

test('what one mirror began another may finish', async (t) => {
  const { answer, onProgress } = cutOnce();
  const cutForEver: Answer = (request, response, file, offset, number) =>
    (number === 1 ? answer : status(503))(request, response, file, offset, number);
  const { dir, load, requests } = await prepare(t, cutForEver, serve);
  await load({ onProgress });
  assert.deepEqual(requestsOf(requests[1], bigFile), [`bytes=${half}-`]);
  await assertCached(dir);
});

for (const code of [200, 416]) {
  test(`a server that answers a range with ${code} makes it start over`, async (t) => {
    const { dir, load, requests } = await prepare(t, (request, response, file, offset) =>
      (offset > 0 && code === 416 ? status(416) : serve)(request, response, file, 0, 0),
    );
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, `${bigFile}.part`), archives[big].subarray(0, half));
    await load();
    assert.deepEqual(requestsOf(requests[0], bigFile), [`bytes=${half}-`, ...(code === 416 ? ['-'] : [])]);
    await assertCached(dir);
  });
}

test('a range that begins elsewhere makes it start over', async (t) => {
  const { dir, load } = await prepare(t, (request, response, file, offset) => {
    if (offset === 0) return serve(request, response, file, 0, 0);
    response.writeHead(206, { 'content-range': `bytes ${offset - 1}-${size - 1}/${size}` });
    response.end(file.subarray(offset - 1));
  });
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, `${bigFile}.part`), archives[big].subarray(0, half));
  await load();
  await assertCached(dir);
});

for (const [name, part] of Object.entries({
  'with wrong bytes': Buffer.alloc(half, 1),
  'complete but wrong': Buffer.alloc(size, 1),
  'longer than the file': Buffer.alloc(size + 1, 1),
})) {
  test(`a part ${name} is thrown away`, async (t) => {
    const { dir, load } = await prepare(t, serve);
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, `${bigFile}.part`), part);
    await load();
    await assertCached(dir);
  });
}

test('a complete part needs no request', async (t) => {
  const { dir, load, requests } = await prepare(t, serve);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, `${bigFile}.part`), archives[big]);
  await load();
  assert.deepEqual(requestsOf(requests[0], bigFile), []);
  await assertCached(dir);
});

test('the next mirror is tried when the first refuses, is silent, or has other content', async (t) => {
  const otherContent: Answer = (_request, response, file) => response.end(Buffer.alloc(file.length));
  const { dir, load, requests } = await prepare(t, status(403), stall, otherContent, serve);
  await load({ idleTimeoutMs });
  await assertCached(dir);
  assert.equal(requestsOf(requests[0], bigFile).length, 1);
  assert.deepEqual(requestsOf(requests[1], bigFile), ['-', `bytes=${half}-`]);
});

test('one error says what every mirror did, and where to put the files by hand', async (t) => {
  const tooLarge: Answer = (_request, response, file) => response.end(Buffer.concat([file, file]));
  const tooLargeUnannounced: Answer = (_request, response, file) => {
    response.write(file);
    response.end(file);
  };
  const short: Answer = (_request, response, file) => response.end(file.subarray(0, 0));
  const wrong: Answer = (_request, response, file) => response.end(Buffer.alloc(file.length));
  const { dir, load, mirrors } = await prepare(
    t,
    status(404),
    tooLarge,
    tooLargeUnannounced,
    wrong,
    short,
    (_request, response) => response.destroy(),
  );
  const message = await refusalMessage(load(), [
    `${bigFile}: could not`,
    `${mirrors[0]?.url}${bigFile}: HTTP 404; `,
    `${mirrors[1]?.url}${bigFile}: too large: ${2 * size} bytes, expected ${size}; `,
    `${mirrors[2]?.url}${bigFile}: too large: more than the expected ${size} bytes; `,
    `${mirrors[3]?.url}${bigFile}: its SHA-256 is `,
    `${mirrors[4]?.url}${bigFile}: ended after 0 of ${size} bytes; `,
    `${mirrors[5]?.url}${bigFile}: fetch failed (`,
    ...idxNames.map((name) => `${name}.gz`),
    `${dir} by hand`,
    'data.dir',
  ]);
  assert.ok(!message.includes('kept'));
  assert.deepEqual(await readdir(dir), []);
});

test('a server that is not there', async (t) => {
  const { load } = await prepare(t);
  const nowhere = knownSetsWith(archives, [{ url: 'http://127.0.0.1:1/', requests: [] }]);
  await refusal(load({ knownSets: nowhere }), [`http://127.0.0.1:1/${bigFile}: fetch failed (`]);
});

test('when all mirrors fail half-way, what came is kept and finished the next time', async (t) => {
  const { dir, load, mirrors } = await prepare(t, stall);
  await refusal(load({ idleTimeoutMs }), ['fewer than 4096 bytes in 1 s', `${half} bytes`]);
  assert.deepEqual(await readdir(dir), [`${bigFile}.part`]);
  const good = await startMirror(t, archives, serve);
  await load({ knownSets: knownSetsWith(archives, [...mirrors, good]), idleTimeoutMs });
  assert.deepEqual(requestsOf(good.requests, bigFile), [`bytes=${half}-`]);
  await assertCached(dir);
});

test('an abort ends a download that waits for its server, and keeps what came', async (t) => {
  const { dir, load } = await prepare(t, stall);
  const controller = new AbortController();
  const work = load({
    signal: controller.signal,
    onProgress: ({ receivedBytes }) => {
      if (receivedBytes >= half) controller.abort();
    },
  });
  await refusal(work, ['interrupted', `${half} bytes`], ExitCode.interrupted);
  assert.deepEqual(await readdir(dir), [`${bigFile}.part`]);
  assert.ok((await readFile(join(dir, `${bigFile}.part`))).equals(archives[big].subarray(0, half)));
});

test('loads at the same time do not disturb one another', async (t) => {
  const { answer, onProgress } = cutOnce();
  const { dir, load } = await prepare(t, answer);
  const datasets = await Promise.all(Array.from({ length: 6 }, () => load({ onProgress })));
  for (const dataset of datasets) assert.deepEqual(dataset, datasets[0]);
  await assertCached(dir);
});

test('only the files that are missing are downloaded', async (t) => {
  const { dir, load, requests } = await prepare(t, serve);
  await load();
  await rm(join(dir, 't10k-labels-idx1-ubyte.gz'));
  await load();
  assert.equal(requests[0]?.length, 5);
  assert.deepEqual(requestsOf(requests[0], 't10k-labels').length, 2);
});

/** The gzip header's time of modification: everything else about the file still holds. */
function damagedHeader(): Buffer {
  const damaged = Buffer.from(archives[big]);
  damaged.writeUInt8(77, 4);
  return damaged;
}

for (const [what, damaged] of Object.entries({
  'with one other byte': damagedHeader(),
  'that was cut': archives[big].subarray(0, half),
  'that is empty': Buffer.alloc(0),
  'of zeros, as after a power cut': Buffer.alloc(size),
  'that is another': Buffer.from('<html>'),
})) {
  test(`a file in the cache ${what} is downloaded again, and no other`, async (t) => {
    const { dir, load, requests } = await prepare(t, serve);
    const first = await load();
    await writeFile(join(dir, bigFile), damaged);
    const notes: string[] = [];
    assert.deepEqual(await load({ note: (line) => notes.push(line) }), first);
    await assertCached(dir);
    assert.equal(requests[0]?.length, 5);
    assert.match(notes.join('\n'), new RegExp(`^.*${bigFile} is damaged: downloading it again$`));
  });
}

test('a damaged file in the cache that cannot be downloaded again: one line has both reasons', async (t) => {
  const { dir, load } = await prepare(t, (request, response, file, offset, number) =>
    (number > 4 ? status(503) : serve)(request, response, file, offset, number),
  );
  await load();
  await writeFile(join(dir, bigFile), damagedHeader());
  await refusal(load(), [
    `${bigFile}: the SHA-256`,
    'delete',
    `${bigFile}: could not be downloaded`,
    'HTTP 503',
  ]);
  // Nothing that was there is lost.
  assert.ok((await readFile(join(dir, bigFile))).equals(damagedHeader()));
});

test('redirects are followed, and a circle of them is a failure of that mirror', async (t) => {
  const circle: Answer = (request, response) => response.writeHead(302, { location: request.url }).end();
  const { dir, load, mirrors } = await prepare(t, circle, (request, response, file, offset, number) => {
    if (request.url?.startsWith('/set/')) response.writeHead(302, { location: request.url.slice(4) }).end();
    else serve(request, response, file, offset, number);
  });
  await load();
  await assertCached(dir);
  const alone = knownSetsWith(archives, mirrors.slice(0, 1));
  await rm(dir, { recursive: true });
  await refusal(load({ knownSets: alone }), [`${bigFile}: fetch failed (redirect count exceeded)`]);
});

test('a body that a transfer encoding inflates without end is refused', async (t) => {
  const bomb: Answer = (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(gzipSync(Buffer.alloc(64 * size)));
  };
  const { dir, load } = await prepare(t, bomb, serve);
  await load();
  await assertCached(dir);
});

test('a mirror that sends single bytes is left for the next', async (t) => {
  const drip: Answer = (_request, response, file) => {
    response.writeHead(200, { 'content-length': file.length });
    let at = 0;
    const timer = setInterval(() => response.write(file.subarray(at, ++at)), 20);
    response.once('close', () => clearInterval(timer));
  };
  const { dir, load } = await prepare(t, drip, serve);
  await load({ idleTimeoutMs });
  await assertCached(dir);
});

test('two processes that fill one cache both get the set', async (t) => {
  const { dir, mirrors } = await prepare(t, serve);
  const sets = JSON.stringify(knownSetsWith(archives, mirrors));
  const program = `
    const { loadDataset } = await import(${JSON.stringify(import.meta.resolve('../dist/data/load.js'))});
    const { train } = await loadDataset({ set: 'fashion-mnist', dir: null },
      { environment: {}, cacheDir: process.argv[1], knownSets: JSON.parse(process.argv[2]) });
    process.stdout.write(String(train.count));`;
  const words = ['--input-type=module', '-e', program, join(dir, '..', '..'), sets];
  const run = promisify(execFile);
  const results = await Promise.all([1, 2].map(() => run(process.execPath, words)));
  assert.deepEqual(
    results.map(({ stdout }) => stdout),
    ['60', '60'],
  );
  await assertCached(dir);
});

test('a cache folder that cannot be made', async (t) => {
  const { load } = await prepare(t, serve);
  const parent = await temporaryFolder(t);
  await writeFile(join(parent, 'file'), '');
  await chmod(join(parent, 'file'), 0o444);
  await refusal(load({ cacheDir: join(parent, 'file') }), [join(parent, 'file')]);
});

test('a mirror that drips just enough to be no stall is given up after a time by size; the next one goes on', async (t) => {
  const drip: Answer = (request, response, file, offset, requestNumber) => {
    if (file !== archives[big]) return serve(request, response, file, offset, requestNumber);
    response.writeHead(200, { 'content-length': file.length });
    response.write(file.subarray(0, half));
    let at = half;
    const timer = setInterval(() => {
      at += 200;
      if (at < file.length) response.write(file.subarray(at - 200, at));
    }, 25);
    response.once('close', () => clearInterval(timer));
  };
  const { dir, load, requests } = await prepare(t, drip, serve);
  await load({ totalTimeoutMs: 300 });
  assert.deepEqual(requestsOf(requests[0], bigFile), ['-']);
  const [range] = requestsOf(requests[1], bigFile);
  assert.ok(Number(/bytes=(\d+)-/.exec(range ?? '')?.[1]) >= half, range);
  assert.deepEqual(await readFile(join(dir, bigFile)), archives[big]);
  const alone = await prepare(t, drip);
  await refusal(alone.load({ totalTimeoutMs: 300 }), ['too slow: ', `of ${size} bytes`, 'kept to resume']);
});

test('temporary files of killed processes are removed after a day, those of others stay', async (t) => {
  const { dir, load } = await prepare(t, serve);
  await mkdir(dir, { recursive: true });
  const uuid = '01234567-89ab-cdef-0123-456789abcdef';
  const [old, part] = [`${bigFile}.${uuid}.tmp`, `${bigFile}.part.${uuid}.tmp`];
  const [young, mine] = [`${bigFile}.${uuid.replace('0', 'f')}.tmp`, 'notes.tmp'];
  for (const name of [old, part, young, mine]) await writeFile(join(dir, name), 'x');
  for (const name of [old, part, mine]) await utimes(join(dir, name), 1, 1);
  await load();
  const names = await readdir(dir);
  assert.deepEqual(
    [old, part, young, mine].map((name) => names.includes(name)),
    [false, false, true, true],
  );
});
