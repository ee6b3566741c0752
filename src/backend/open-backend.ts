/** Opens the backend of a plan, with all parts that one rank needs. */
import { Extractor, type RunTransform } from '../data/transforms/directions/extractor.js';
import { instantiateDirections } from '../kernels/directions/direction-kernels.js';
import { instantiateKernels, type Kernels } from '../kernels/kernels.js';
import type { KernelModules } from '../kernels/load.js';
import type { Plan } from '../plan/plan.js';
import type { Backend } from './backend.js';
import { BlockSource } from './directions/block-source.js';
import { DirectionBackend } from './directions/direction-backend.js';
import { JsBackend } from './js/js-backend.js';
import { loadTensorFlow } from './tfjs/library.js';
import { TfjsBackend } from './tfjs/tfjs-backend.js';
import { WasmBackend } from './wasm/wasm-backend.js';

export interface OpenBackend {
  readonly backend: Backend;
  /** Null if the inputs were made before the run. */
  readonly transform: RunTransform | null;
}

/** Wraps the parts of a backend in a profiled run; each method returns the replacement. */
export interface BackendInstruments {
  kernels(kernels: Kernels): Kernels;
  backend(opened: OpenBackend): OpenBackend;
}

/** `rank` = plan.threads is the coordinator; `modules`: null for plain TypeScript, which needs none. */
export function openBackend(
  plan: Plan,
  modules: KernelModules | null,
  memory: WebAssembly.Memory,
  rank: number,
  instruments: BackendInstruments | null = null,
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
  if (directions === null) return { backend: openPacked(plan, engine, memory, rank), transform: null };
  if (modules === null || modules.directions === null || engine === null)
    throw new Error('the kernels of direction features were not loaded');
  const kernels = instantiateDirections(modules.directions, memory);
  const backend = directions.hasLayers
    ? new WasmBackend(plan, engine, memory, rank, new BlockSource(plan, directions, kernels, memory, rank))
    : new DirectionBackend(plan, directions, engine, kernels, memory, rank);
  return { backend, transform: new Extractor(plan.parts, directions, kernels, memory, rank) };
}

/** On packed samples in memory. */
function openPacked(plan: Plan, kernels: Kernels | null, memory: WebAssembly.Memory, rank: number): Backend {
  if (plan.backend === 'js') return new JsBackend(plan, memory, rank);
  if (kernels === null) throw new Error(`backend ${plan.backend} without kernels`);
  if (plan.backend === 'wasm') return new WasmBackend(plan, kernels, memory, rank);
  const { tensorflow } = loadTensorFlow(plan.threadsPerWorker);
  return new TfjsBackend(plan, kernels, memory, rank, tensorflow);
}
