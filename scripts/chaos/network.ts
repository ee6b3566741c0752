/** Downloads whose connection is cut, and whose process is killed; then from a server that works. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type IdxName, idxNames } from '../../dist/data/known-sets.js';
import { type Archives, makeArchives, serve } from '../../test/support/data-server.ts';
import { atEnd } from './cleanup.ts';

export interface NetworkResult {
  readonly cuts: number;
  readonly differing: number;
  readonly leftovers: number;
  readonly problems: readonly string[];
}

/** In a third of the cases, the loading process is killed at a random moment as well. */
export async function cutNetwork(below: (n: number) => number, folder: string): Promise<NetworkResult> {
  const archives = makeArchives();
  const cache = mkdtempSync(join(folder, 'network-'));
  const problems: string[] = [];
  let cuts = 1 + below(8);
  const planned = cuts;
  const server = createServer((request, response) => {
    const name = (request.url ?? '').split('/').at(-1)?.replace('.gz', '') as IdxName;
    const file = archives[name];
    const offset = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (cuts === 0) return serve(request, response, file, offset, 0);
    cuts--;
    const rest = file.subarray(offset);
    response.writeHead(offset > 0 ? 206 : 200, {
      'content-length': rest.length,
      ...(offset > 0 && { 'content-range': `bytes ${offset}-${file.length - 1}/${file.length}` }),
    });
    response.write(rest.subarray(0, below(rest.length)), () => setTimeout(() => response.destroy(), 5));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/set/`;
  try {
    const first = await load(url, archives, cache, below(3) === 0 ? below(1500) : null);
    if (!['right', 'refused', 'killed'].includes(first)) problems.push(`cut ${planned} times: ${first}`);
    cuts = 0;
    const then = first === 'right' ? 'right' : await load(url, archives, cache, null);
    if (then !== 'right') problems.push(`from a server that works: ${then}`);
    const expected = idxNames.map((name) => `${name}.gz`);
    const files = readdirSync(join(cache, 'datasets', 'fashion-mnist'));
    const leftovers = files.filter((name) => !expected.includes(name));
    if (leftovers.length > 0) problems.push(`left over: ${leftovers.join(', ')}`);
    return { cuts: planned, differing: Number(then !== 'right'), leftovers: leftovers.length, problems };
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(cache, { recursive: true, force: true });
  }
}

function load(url: string, archives: Archives, cache: string, killAfterMs: number | null): Promise<string> {
  const files = Object.fromEntries(idxNames.map((name) => [name, archives[name].toString('base64')]));
  const child = spawn(process.execPath, [new URL('./load.ts', import.meta.url).pathname, url, cache], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = atEnd(() => child.kill('SIGKILL'));
  const timer = killAfterMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  child.stdin.on('error', () => {}).end(JSON.stringify(files));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return new Promise((resolve) => {
    child.once('close', (_, signal) => {
      clearTimeout(timer);
      ended();
      resolve(signal === null ? said.trim() : 'killed');
    });
  });
}
