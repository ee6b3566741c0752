/**
 * tfjs-node without its own download: the C library from TensorFlow's wheel on PyPI, and the binding compiled against
 * it. Linux on x64.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageWithin } from '../../dist/backend/tfjs/location.js';
import { UserError } from '../../dist/user-error.js';
import { npm, run } from './run.ts';

const wheelPlatform = ['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'];
const scripts = import.meta.dirname;

/** @throws UserError that names everything missing. */
export async function requireTools(signal: AbortSignal): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new UserError(
      `setup:tfjs: the download of @tensorflow/tfjs-node failed, and the other way is for Linux on x64, not ${process.platform} on ${process.arch}`,
    );
  }
  const tools: [string, string, string[]][] = [
    ['python3', 'python3', ['--version']],
    ['pip (python3 -m pip)', 'python3', ['-m', 'pip', '--version']],
    ['g++', 'g++', ['--version']],
  ];
  const found = await Promise.all(
    tools.map(async ([name, program, words]) => ({ name, ...(await run(program, words, scripts, signal)) })),
  );
  const missing = found.filter(({ ok }) => !ok).map(({ name }) => name);
  if (missing.length > 0) {
    throw new UserError(
      `setup:tfjs: the download of @tensorflow/tfjs-node failed, and the other way needs ${missing.join(', ')}: install and try again`,
    );
  }
}

/** Into `folder`, which holds the package.json and package-lock.json of the set-up. */
export async function installFromWheel(
  folder: string,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const steps = {
    'npm packages': () => npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder, signal),
    'TensorFlow from PyPI (274 MB), checked by its SHA-256': () => download(folder, signal),
    'unpacking the C library': () => unpack(folder, signal),
    'compiling the binding': () => compile(folder, signal),
  };
  for (const [name, step] of Object.entries(steps)) {
    note(name);
    const { ok, lastLines } = await step();
    signal.throwIfAborted();
    if (!ok) throw new UserError(`setup:tfjs: ${name}: failed\n${lastLines}`);
  }
  rmSync(join(folder, 'wheel'), { recursive: true });
}

function download(folder: string, signal: AbortSignal) {
  const requirements = join(scripts, 'requirements.txt');
  const what = ['--require-hashes', '--no-deps', '--only-binary=:all:', '-r', requirements];
  const quiet = ['--disable-pip-version-check', '-q'];
  const platform = [...wheelPlatform, '--platform', 'manylinux_2_27_x86_64'];
  return run(
    'python3',
    ['-m', 'pip', 'download', ...quiet, ...platform, ...what, '-d', join(folder, 'wheel')],
    folder,
    signal,
  );
}

function unpack(folder: string, signal: AbortSignal) {
  const [wheel] = readdirSync(join(folder, 'wheel'));
  const deps = join(packageWithin(folder), 'deps');
  return run('python3', [join(scripts, 'unpack.py'), join(folder, 'wheel', wheel), deps], folder, signal);
}

/** The run path is relative to the binding, so the folder can be moved. */
function compile(folder: string, signal: AbortSignal) {
  const home = packageWithin(folder);
  mkdirSync(join(home, 'lib', 'napi-v8'), { recursive: true });
  const headers = join(folder, 'node_modules', 'node-api-headers', 'include');
  const flags = ['-shared', '-fPIC', '-O2', '-std=c++17', '-DNAPI_VERSION=8'];
  const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'].map((name) =>
    join('deps', 'lib', name),
  );
  return run(
    'g++',
    [
      ...flags,
      ...['-I', headers, '-I', join('deps', 'include'), '-I', '.'],
      ...['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc', ...libraries],
      ...['-Wl,-rpath,$ORIGIN/../../deps/lib', '-o', join('lib', 'napi-v8', 'tfjs_binding.node')],
    ],
    home,
    signal,
  );
}
