/** `npm run audit` against a registry of this test: what npm asks, what is printed, and which exit code is given. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { manifest, root } from './support/installed.ts';

let cache = '';
before(async () => {
  cache = await mkdtemp(join(tmpdir(), 'shardstep-npm-'));
});
after(() => rm(cache, { recursive: true, force: true }));

interface Audit {
  readonly code: number | null;
  readonly out: string;
  readonly asked: readonly string[];
}

/** The audit with a registry that answers so; `null`: with none. */
async function audit(answer: RequestListener | null, environment: NodeJS.ProcessEnv = {}): Promise<Audit> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  if (answer === null) await new Promise((resolve) => server.close(resolve));
  try {
    const child = spawn(process.execPath, ['scripts/audit.ts'], {
      cwd: root,
      env: {
        ...process.env,
        npm_config_registry: `http://127.0.0.1:${port}/`,
        npm_config_cache: cache,
        npm_config_fetch_retries: '0',
        SHARDSTEP_REQUIRE_AUDIT: '',
        ...environment,
      },
    });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (out += data));
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, out, asked };
  } finally {
    if (answer !== null) server.close();
  }
}

/** Advisories as a registry knows them, by package. */
const knows =
  (advisories: object): RequestListener =>
  (request, response) => {
    response.statusCode = request.method === 'POST' ? 200 : 404;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.method === 'POST' ? advisories : {}));
  };

test('without advisories it counts the packages and succeeds', async () => {
  const { code, out, asked } = await audit(knows({}));
  assert.deepEqual(asked, ['POST /-/npm/v1/security/advisories/bulk']);
  assert.match(out, /^audit: \d{3} packages, 0 of them with advisories\n$/);
  assert.equal(code, 0);
});

test('an advisory for a bundled package, which is one of developers, is printed and fails', async () => {
  const advisory = {
    id: 1,
    url: 'https://example.org/advisory',
    title: 'Prototype pollution',
    severity: 'high',
    vulnerable_versions: `<=${manifest.devDependencies.papaparse}`,
    cwe: [],
    cvss: { score: 0 },
  };
  const { code, out } = await audit(knows({ papaparse: [advisory] }));
  assert.match(out, /^audit: \d{3} packages, \d+ of them with advisories$/m);
  assert.match(out, /^papaparse .*: high: Prototype pollution https:\/\/example\.org\/advisory$/m);
  assert.equal(code, 1);
});

test('a registry that refuses the question rules nothing out, which is printed', async () => {
  const refuses: RequestListener = (_, response) => {
    response.statusCode = 405;
    response.end();
  };
  const { code, out } = await audit(refuses);
  assert.match(out, /^audit: THE REGISTRY COULD NOT BE ASKED .*none is ruled out: .*405/m);
  assert.equal(code, 0);
  assert.equal((await audit(refuses, { SHARDSTEP_REQUIRE_AUDIT: '1' })).code, 1);
});

test('so does one that is out of reach, and one that answers no JSON', async () => {
  const garbage: RequestListener = (_, response) => response.end('<html>');
  for (const answer of [null, garbage]) {
    const { code, out } = await audit(answer, { SHARDSTEP_REQUIRE_AUDIT: '1' });
    assert.match(out, /^audit: THE REGISTRY COULD NOT BE ASKED /m);
    assert.equal(code, 1);
  }
});
