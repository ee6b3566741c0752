/**
 * The environment of the JavaScript peers: jax-js and brain.js each in a folder of the cache with the pinned packages
 * of bench/peers/javascript, tfjs-node in the folder of `npm run setup:tfjs`. A failed installation is reported, not
 * thrown: the race continues with the other peers.
 */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { findPackage, setupFolder } from '../../dist/backend/tfjs/location.js';
import { type Ended, npm, run } from '../../scripts/tfjs/run.ts';
import { root } from '../harness.ts';

export const javaScriptPeers = ['tfjs-node', 'jax-js', 'brain.js'] as const;
export type JavaScriptPeerName = (typeof javaScriptPeers)[number];

export interface JavaScriptPeer {
  /** The library's folder: its version, its size on disk (installed-size.ts). */
  readonly packageFolder: string;
  /** A session program, relative to the repository; its words: DATA_FOLDER THREADS packageFolder. */
  readonly session: string;
  /** The program that a user writes, relative to the repository: its lines count. */
  readonly userSource: string;
  /** A copy of it in a folder that finds its imports, absolute. Its words: DATA_FOLDER THREADS. */
  readonly userProgram: string;
}

export type Prepared = JavaScriptPeer | { readonly missing: string };

const here = 'bench/peers';
const programs: Readonly<Record<JavaScriptPeerName, { library: string; session: string; user: string }>> = {
  'tfjs-node': { library: '@tensorflow/tfjs-node', session: 'tfjs_node.cjs', user: 'tfjs-node.cjs' },
  'jax-js': { library: '@jax-js/jax', session: 'jax_js_peer.mjs', user: 'jax-js.mjs' },
  'brain.js': { library: 'brain.js', session: 'brain_js_peer.cjs', user: 'brain.js.cjs' },
};

/** Installs the missing peers in sequence; `signal` ends it, and nothing is left half installed. */
export async function prepareJavaScript(
  peers: readonly JavaScriptPeerName[],
  signal: AbortSignal = new AbortController().signal,
): Promise<Map<JavaScriptPeerName, Prepared>> {
  const prepared = new Map<JavaScriptPeerName, Prepared>();
  for (const peer of peers) {
    const folder = await (peer === 'tfjs-node' ? tensorFlowFolder(signal) : installed(peer, signal)).catch(
      (error: unknown) => ({ missing: error instanceof Error ? error.message : String(error) }),
    );
    signal.throwIfAborted();
    prepared.set(peer, typeof folder === 'string' ? describe(peer, folder) : folder);
  }
  return prepared;
}

function describe(peer: JavaScriptPeerName, folder: string): JavaScriptPeer {
  const { library, session, user } = programs[peer];
  const userSource = `${here}/users/${user}`;
  const userProgram = join(folder, user);
  copyFileSync(join(root, userSource), userProgram);
  const packageFolder = join(folder, 'node_modules', library);
  return { packageFolder, session: `${here}/${session}`, userSource, userProgram };
}

/** In the cache folder, beside that of setup:tfjs. */
function peerFolder(name: string): string {
  return join(dirname(setupFolder(process.env)), 'peers', name);
}

/** A folder named after its contents: complete, or absent. */
async function installed(peer: JavaScriptPeerName, signal: AbortSignal): Promise<string> {
  const { library } = programs[peer];
  const manifests = ['package.json', 'package-lock.json'].map((name) =>
    join(root, here, 'javascript', peer, name),
  );
  const hash = createHash('sha256');
  for (const file of manifests) hash.update(readFileSync(file));
  const folder = peerFolder(`${peer}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  note(`${peer}: npm ci of ${library}`);
  mkdirSync(dirname(folder), { recursive: true });
  const stage = mkdtempSync(`${folder}-`);
  try {
    for (const file of manifests) copyFileSync(file, join(stage, file.slice(dirname(file).length + 1)));
    succeeded(
      await npm(['ci', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'], stage, signal),
    );
    const program = `await import(${JSON.stringify(library)}); process.exit(0);`;
    succeeded(await run(process.execPath, ['--input-type=module', '-e', program], stage, signal));
    renameSync(stage, folder);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return folder;
}

/** Links the set-up's packages into a folder of ours. */
async function tensorFlowFolder(signal: AbortSignal): Promise<string> {
  if (findPackage(process.env) === null) {
    note('tfjs-node: npm run setup:tfjs, a minute or more');
    succeeded(await run(process.execPath, [join(root, 'scripts/setup-tfjs.ts')], root, signal));
  }
  const library = findPackage(process.env);
  if (library === null) throw new Error('npm run setup:tfjs succeeded, but its package is not found');
  const folder = peerFolder('tfjs-node');
  mkdirSync(folder, { recursive: true });
  rmSync(join(folder, 'node_modules'), { force: true });
  symlinkSync(join(library, '..', '..'), join(folder, 'node_modules'));
  return folder;
}

/** @throws with the last line of the program, except npm's line about its log. */
function succeeded({ ok, lastLines }: Ended): void {
  if (ok) return;
  const lines = lastLines
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.includes('complete log of'));
  throw new Error(lines.at(-1)?.replace(/^npm error /, '') ?? 'ended without a word');
}

function note(text: string): void {
  console.error(`peers: ${text}`);
}
