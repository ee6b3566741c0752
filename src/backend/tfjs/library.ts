/**
 * Loads tfjs-node, in the main thread before any worker loads it. Only there can the environment that the C library
 * reads be set, and its binding must be initialised there first (tfjs issue 8388, and rehearsal.ts).
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import util from 'node:util';
import { isMainThread } from 'node:worker_threads';
import type { TensorFlowVersions } from '../../machine/hardware.js';
import { ExitCode, UserError } from '../../user-error.js';
import { findPackage, tfjsVersion } from './location.js';
import { rehearse } from './rehearsal.js';
import type { TensorFlow } from './tensorflow.js';

export interface LoadedTensorFlow {
  readonly tensorflow: TensorFlow;
  readonly versions: TensorFlowVersions;
}

/**
 * Variables that the C library reads when it is loaded; values set by the user stay. oneDNN is off: it computes these
 * products no faster and prints a notice on stderr.
 */
export function setEnvironment(threadsPerWorker: number): void {
  const wanted = {
    TF_NUM_INTRAOP_THREADS: `${threadsPerWorker}`,
    TF_NUM_INTEROP_THREADS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
    TF_ENABLE_ONEDNN_OPTS: '0',
  };
  for (const [name, value] of Object.entries(wanted)) process.env[name] ??= value;
}

/** Finds the package without loading it. @throws UserError (usage) if tfjs-node is missing. */
export function requirePackage(): string {
  const folder = findPackage(process.env);
  if (folder !== null) return folder;
  throw new UserError(
    'backend: tfjs-node is not set up on this machine: npm run setup:tfjs installs it',
    ExitCode.usage,
  );
}

/**
 * Only the first call's `threadsPerWorker` counts. @throws UserError (usage) if tfjs-node is missing or does not load.
 */
export function loadTensorFlow(threadsPerWorker: number): LoadedTensorFlow {
  const folder = requirePackage();
  setEnvironment(threadsPerWorker);
  try {
    return loadPackage(folder);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new UserError(
      `backend: tfjs-node in ${folder} does not load (${reason}): npm run setup:tfjs -- --force reinstalls it`,
      ExitCode.usage,
      { cause },
    );
  }
}

/** The package in a folder; throws the package's own errors. */
export function loadPackage(folder: string): LoadedTensorFlow {
  // Removed in Node 23 and still called by tfjs-node 4.22 (tfjs issue 8609).
  const legacy: { isNullOrUndefined?: (value: unknown) => boolean } = util;
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
  const tensorflow: TensorFlow = createRequire(join(folder, 'package.json'))(folder);
  if (isMainThread) rehearse(tensorflow);
  const { TF_Version } = tensorflow.backend().binding;
  return { tensorflow, versions: { tfjsNode: packageVersion(tensorflow), tensorflow: TF_Version } };
}

function packageVersion(tensorflow: object): string {
  const version: unknown = Reflect.get(tensorflow, 'version');
  const named = typeof version === 'object' && version !== null ? Reflect.get(version, 'tfjs-node') : null;
  return typeof named === 'string' ? named : tfjsVersion;
}
