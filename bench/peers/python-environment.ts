/**
 * The Python environments of the peers: a virtual environment for each library under the cache folder, with the
 * versions of bench/peers/requirements/. So one library's import never loads, finds or waits for another (PyTorch and
 * JAX probe for optional packages when they start), and a failed installation affects no other library. Each is made in
 * a temporary folder beside the final one and moved there when it loads. SHARDSTEP_PEERS names another Python that has
 * the libraries. PyPI's Linux wheels of PyTorch include CUDA (6 GB installed), used or not.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolders } from '../../dist/machine/cache-folders.js';
import { runProgram } from './run-program.ts';

/** Imports that each group's environment must support; the notebook is PyTorch's, with torchvision. */
const modules = {
  pytorch: ['torch', 'torchvision', 'numpy', 'safetensors'],
  jax: ['jax', 'numpy'],
  keras: ['tensorflow', 'keras', 'numpy'],
  'scikit-learn': ['sklearn', 'threadpoolctl', 'numpy'],
  onnxruntime: ['onnxruntime', 'onnx', 'numpy'],
  fasttext: ['fasttext', 'numpy'],
} as const;
type Group = keyof typeof modules;

const groups: Readonly<Record<string, Group>> = {
  notebook: 'pytorch',
  pytorch: 'pytorch',
  jax: 'jax',
  keras: 'keras',
  'scikit-learn': 'scikit-learn',
  onnxruntime: 'onnxruntime',
  fasttext: 'fasttext',
};

/** The peers that are Python programs. */
export const pythonPeers: readonly string[] = Object.keys(groups);

export type PeerPython = { readonly python: string } | { readonly missing: string };

type Environment = Readonly<Record<string, string | undefined>>;

export interface Preparation {
  /** Ends an installation and leaves nothing of it. */
  readonly signal: AbortSignal;
  /** One line before each installation. */
  readonly note?: (line: string) => void;
  readonly environment?: Environment;
}

/**
 * For each of `peers` its Python, found or made now, or the reason why there is none.
 * @throws RangeError for a name that is not in pythonPeers; the signal's reason if it is aborted.
 */
export async function preparePython(
  peers: readonly string[],
  { signal, note = console.error, environment = process.env }: Preparation,
): Promise<Map<string, PeerPython>> {
  const ready = new Map<Group, PeerPython>();
  const found = new Map<string, PeerPython>();
  for (const peer of peers) {
    const group = groups[peer];
    if (group === undefined)
      throw new RangeError(`expected one of ${pythonPeers.join(', ')}, got ${JSON.stringify(peer)}`);
    const python = ready.get(group) ?? (await prepareGroup(group, { signal, note, environment }));
    ready.set(group, python);
    found.set(peer, python);
  }
  return found;
}

async function prepareGroup(group: Group, preparation: Required<Preparation>): Promise<PeerPython> {
  const { signal, note, environment } = preparation;
  signal.throwIfAborted();
  const given = environment.SHARDSTEP_PEERS;
  if (given) {
    const { ok, lastLine } = await imports(given, group, signal);
    signal.throwIfAborted();
    return ok ? { python: given } : { missing: `SHARDSTEP_PEERS=${given}: ${lastLine}` };
  }
  const [cache] = cacheFolders({ environment });
  const folder = join(cache.path, 'python-peers', group);
  const requirements = join(import.meta.dirname, 'requirements', `${group}.txt`);
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const marker = join(folder, 'requirements.sha256');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return { python: interpreter(folder) };
  const versions = readFileSync(requirements, 'utf8').trim().replaceAll('==', ' ').split('\n').join(', ');
  note(`installing ${versions} into ${folder}, once …`);
  mkdirSync(dirname(folder), { recursive: true });
  const stage = mkdtempSync(join(dirname(folder), `.${group}-`));
  try {
    const failure = await install(stage, requirements, group, signal);
    signal.throwIfAborted();
    if (failure !== null) return { missing: `could not be installed: ${failure}` };
    writeFileSync(join(stage, 'requirements.sha256'), wanted);
    rmSync(folder, { recursive: true, force: true });
    renameSync(stage, folder);
    return { python: interpreter(folder) };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function interpreter(folder: string): string {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}

/** Null, or the reason of the failure. Without a terminal, pip prints only errors. */
async function install(
  stage: string,
  requirements: string,
  group: Group,
  signal: AbortSignal,
): Promise<string | null> {
  const made = await runProgram('python3', ['-m', 'venv', stage], { signal, show: false });
  if (!made.ok) return made.started ? made.lastLine : 'no python3 on PATH';
  const quiet = process.stderr.isTTY ? [] : ['--quiet'];
  const words = ['-m', 'pip', 'install', '--disable-pip-version-check', ...quiet, '-r', requirements];
  const installed = await runProgram(interpreter(stage), words, { signal, show: true });
  if (!installed.ok) return installed.lastLine;
  const loaded = await imports(interpreter(stage), group, signal);
  return loaded.ok ? null : loaded.lastLine;
}

function imports(python: string, group: Group, signal: AbortSignal) {
  const program = modules[group].map((name) => `import ${name}`).join('; ');
  return runProgram(python, ['-c', program], { signal, show: false });
}
