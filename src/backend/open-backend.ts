/** The backend that a plan asks for, with everything of it that one rank needs. */

import { type ChunkExtractor, Extractor } from '../data/transforms/directions/extractor.js';
import { instantiateDirections } from '../kernels/directions/direction-kernels.js';
import { instantiateKernels, type Kernels } from '../kernels/kernels.js';
import type { KernelModules } from '../kernels/load.js';
import type { Plan } from '../plan/plan.js';
import type { DirectionsPlan } from '../plan/plan-directions.js';
import type { Instruments } from '../profile/instruments.js';
import type { PixelBackend } from './backend.js';
import { DirectionBackend } from './directions/direction-backend.js';
import { NetworkBackend } from './directions/network-backend.js';
import type { FeatureBackend } from './feature-backend.js';
import { JsBackend } from './js/js-backend.js';
import { loadTensorFlow } from './tfjs/library.js';
import { TfjsBackend } from './tfjs/tfjs-backend.js';
import { WasmBackend } from './wasm/wasm-backend.js';

export type OpenBackend =
  | { readonly kind: 'pixels'; readonly backend: PixelBackend }
  | {
      readonly kind: 'directions';
      readonly backend: FeatureBackend;
      readonly extractor: ChunkExtractor;
      readonly directions: DirectionsPlan;
    };

/**
 * `rank` = plan.threads is the coordinator; `modules`: null for plain TypeScript, which needs none; `instruments`: of a
 * profiled run.
 */
export function openBackend(
  plan: Plan,
  modules: KernelModules | null,
  memory: WebAssembly.Memory,
  rank: number,
  instruments: Instruments | null = null,
): OpenBackend {
  const plain = modules === null ? null : instantiateKernels(modules.engine, memory);
  const engine = plain && (instruments?.kernels(plain) ?? plain);
  const opened = openPlain(plan, modules, engine, memory, rank);
  return instruments?.backend(opened) ?? opened;
}

function openPlain(
  plan: Plan,
  modules: KernelModules | null,
  engine: Kernels | null,
  memory: WebAssembly.Memory,
  rank: number,
): OpenBackend {
  const { directions } = plan;
  if (directions === null) return { kind: 'pixels', backend: openPixelBackend(plan, engine, memory, rank) };
  if (modules === null || modules.directions === null || engine === null)
    throw new Error('the kernels of direction features were not loaded');
  const kernels = instantiateDirections(modules.directions, memory);
  const backend = directions.hasLayers
    ? new NetworkBackend(plan, directions, engine, kernels, memory, rank)
    : new DirectionBackend(plan, directions, engine, kernels, memory, rank);
  const extractor = new Extractor(plan, directions, kernels, memory, rank);
  return { kind: 'directions', backend, extractor, directions };
}

function openPixelBackend(
  plan: Plan,
  kernels: Kernels | null,
  memory: WebAssembly.Memory,
  rank: number,
): PixelBackend {
  if (plan.backend === 'js') return new JsBackend(plan, memory, rank);
  if (kernels === null) throw new Error(`backend ${plan.backend} without kernels`);
  if (plan.backend === 'wasm') return new WasmBackend(plan, kernels, memory, rank);
  const { tensorflow } = loadTensorFlow(plan.threadsPerWorker);
  return new TfjsBackend(plan, kernels, memory, rank, tensorflow);
}
