/** An HTTP server on this machine that plays a mirror, good or bad, and the data set that it serves. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type IdxName, idxNames, type KnownSet, knownSets } from '../../dist/data/known-sets.js';
import { idx } from './data-files.ts';

export interface Mirror {
  readonly url: string;
  /** `GET name range` for each request so far; range is `-` for none. */
  readonly requests: string[];
}

/** Answers one request: `file` is the right content, `offset` what the request's range begins with. */
export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  file: Buffer,
  offset: number,
  requestNumber: number,
) => void;

export type Archives = Readonly<Record<IdxName, Buffer>>;

/** What a well-behaved server does. */
export const serve: Answer = (_request, response, file, offset) => {
  const rest = file.subarray(offset);
  if (offset > 0) response.setHeader('content-range', `bytes ${offset}-${file.length - 1}/${file.length}`);
  response.writeHead(offset > 0 ? 206 : 200, { 'content-length': rest.length });
  response.end(rest);
};

export const status =
  (code: number): Answer =>
  (_request, response) => {
    response.writeHead(code);
    response.end();
  };

export async function startMirror(
  t: Pick<TestContext, 'after'>,
  archives: Archives,
  answer: Answer,
): Promise<Mirror> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const name = (request.url ?? '').split('/').at(-1) ?? '';
    requests.push(`${request.method} ${name} ${request.headers.range ?? '-'}`);
    const file = archives[name.replace('.gz', '') as IdxName];
    const offset = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    answer(request, response, file, offset, requests.length);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/set/`, requests };
}

/** Archives of a set of 2 x 40 x 50 images that do not compress, so that they take many packets. */
export function makeArchives(): Archives {
  let state = 1;
  const noise = (length: number) =>
    Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    });
  return {
    'train-images-idx3-ubyte': gzipSync(idx([60, 40, 50], noise(120_000))),
    'train-labels-idx1-ubyte': gzipSync(
      idx(
        [60],
        noise(60).map((value) => value % 10),
      ),
    ),
    't10k-images-idx3-ubyte': gzipSync(idx([2, 40, 50], noise(4000))),
    't10k-labels-idx1-ubyte': gzipSync(idx([2], [3, 1])),
  };
}

/** The real list of sets with Fashion-MNIST replaced by these archives at these mirrors. */
export function knownSetsWith(archives: Archives, mirrors: readonly Mirror[]): typeof knownSets {
  const files = Object.fromEntries(
    idxNames.map((name) => [
      name,
      {
        archiveSizeBytes: archives[name].length,
        archiveSha256: createHash('sha256').update(archives[name]).digest('hex'),
        contentSha256: null,
      },
    ]),
  ) as KnownSet['files'];
  return { ...knownSets, 'fashion-mnist': { mirrors: mirrors.map(({ url }) => url), files } };
}
