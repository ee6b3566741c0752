/** One training for a caller in another thread: the configuration, the setup, the run, the model's bytes. */
import { type ConfigInput, resolveConfig, type Settings } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { Interrupted } from '../coordinator/interruption.js';
import { OwnResources } from '../coordinator/resources.js';
import { planFor, type Setup, withSetup } from '../coordinator/setup.js';
import type { RunObserver } from '../coordinator/training-run.js';
import type { Evaluation } from '../coordinator/work.js';
import type { Dataset } from '../data/dataset.js';
import { describedSettings, parseWeights } from '../inference/weights-file.js';
import { countCores } from '../machine/cores.js';
import type { Metrics } from '../metrics/metric.js';
import { runLength } from '../plan/run-length.js';
import type { CommandContext } from '../run/command-context.js';
import { baseOf, openResumed, type Resumed, refuseOtherConfig, refuseOtherRun } from '../run/resume.js';
import { type SeedRuns, trainSeeds } from '../run/seed-runs.js';
import { emptyRecord, finalWeights } from '../run/train-result.js';
import { Warnings } from '../run/warnings.js';
import { UserError } from '../user-error.js';
import type { ModelBytes } from './files.js';
import type { FromHost, SentResult, TrainRequest } from './messages.js';
import type { SentData } from './send-data.js';

/** Progress is sent at most so often. */
const progressEveryMs = 100;

type Send = (message: FromHost) => void;

/** @throws UserError; Interrupted, if `signal` is aborted before there are weights; WorkerFailure. */
export async function trainFor(request: TrainRequest, signal: AbortSignal, send: Send): Promise<SentResult> {
  const context = contextOf(request, signal, send);
  if (request.resume === null) return trainIn(request, null, context, send);
  const resumed = openResumed(request.resume, context.warnings.warn, 'resume');
  try {
    return await trainIn(request, resumed, context, send);
  } finally {
    resumed.lock.release();
  }
}

async function trainIn(
  request: TrainRequest,
  resumed: Resumed | null,
  context: CommandContext,
  send: Send,
): Promise<SentResult> {
  const { signal } = context;
  const { warn } = context.warnings;
  const note = context.progress.note;
  const resolved = await resolveConfig(inputOf(request, resumed));
  for (const line of resolved.notes) note(line);
  const { config, given } = resolved;
  if (config.backend.name === 'tfjs-node')
    throw UserError.refusal(
      'backend.name',
      'wasm or js in a program; TensorFlow is for the command line',
      'tfjs-node',
    );
  const { every } = config.checkpoint;
  if (request.out === null && resumed === null && every !== 'off' && every !== 'auto')
    throw UserError.refusal('checkpoint.every', 'off or auto without out, the folder of checkpoints', every);
  if (resumed !== null) refuseOtherConfig(resumed, config);
  const cores = await countCores();
  const { from } = request;
  const dataset = await givenData(request, config, context);
  const resources = new OwnResources(signal, note, warn);
  const options = {
    ...{ config, given, cores, signal, note, warn, resources, ...dataset, packsOnce: true },
    ...(from === null
      ? {}
      : { from: { weights: parseWeights(from.bytes, from.source), source: from.source } }),
  };
  return withSetup(options, async (setup) => {
    const plan = planFor(setup);
    if (resumed !== null) refuseOtherRun(resumed, setup, plan, warn);
    const record = emptyRecord(null);
    const { out } = request;
    const watch = watching(setup, request, send);
    try {
      if (out === null && resumed === null) {
        await trainSeeds(setup, plan, { seeds: 1, log: noLog, record, context, watch });
      } else {
        // pino is loaded only for a folder.
        const { trainInFolder } = await import('../run/train-in-folder.js');
        const training = { setup, plan, resolved, seeds: 1, record, context, watch };
        await trainInFolder(training, { out, overwrite: false, resumed });
      }
    } catch (error) {
      if (!(error instanceof Interrupted) || record.tensors === null) throw error;
    }
    // Before the first step the weights are random.
    const isUntrained = signal.aborted && record.unfinished?.steps === 0;
    if (record.tensors === null || isUntrained) throw new Interrupted();
    const bytes = finalWeights(setup, plan, record);
    return { bytes, kernels: setup.kernels };
  });
}

/** Of a program; none if files are read. */
async function givenData(
  { data, from }: TrainRequest,
  config: Config,
  { signal, progress: { note }, warnings: { warn } }: CommandContext,
): Promise<{ readonly dataset?: Dataset }> {
  if (data.kind === 'files') return {};
  if (data.kind === 'memory') return { dataset: data.dataset };
  if (from !== null)
    throw UserError.refusal(
      'from',
      'none beside rows of objects: { table: path } goes on from a model',
      from.source,
    );
  const { loadTable } = await import('../tables/training/load-table.js');
  const { table, digest } = data.rows;
  const rows = { ...table, sha256: () => digest };
  return {
    dataset: await loadTable(config.data, { note, warn, signal, model: null, evaluates: false, rows }),
  };
}

const noLog: SeedRuns['log'] = { event() {}, flush() {}, close() {} };

function inputOf({ recipe, data, threads, seed, from }: TrainRequest, resumed: Resumed | null): ConfigInput {
  const settings: Settings[] = [];
  // The network and the transforms are those of the model, unless the recipe says otherwise, which is refused.
  if (from !== null && resumed === null) settings.push({ label: 'from', values: networkOf(from) });
  // Without a recipe file nothing says for how many threads it is made.
  if (typeof recipe !== 'string' && resumed === null)
    settings.push({ label: 'defaults', values: { 'parallel.threads': 'auto' } });
  if (recipe !== null && typeof recipe === 'object') settings.push({ label: 'recipe', values: recipe });
  const given = {
    ...(threads === null ? {} : { 'parallel.threads': threads }),
    ...(seed === null ? {} : { seed }),
  };
  settings.push({ label: 'options', values: given }, { label: 'data', values: dataKeys(data) });
  return {
    ...(resumed === null ? {} : { base: baseOf(resumed) }),
    file: typeof recipe === 'string' ? recipe : null,
    overrides: [],
    settings,
  };
}

/** Settings of the network that a file describes; none if it describes none. */
function networkOf({ bytes, source }: ModelBytes): Record<string, unknown> {
  const weights = parseWeights(bytes, source);
  const words = describedSettings(weights, source).filter((word) => !word.startsWith('data.set='));
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      const value = word.slice(at + 1);
      return [
        word.slice(0, at),
        /^[a-z-]+$/.test(value) && !/^(true|false|null)$/.test(value) ? value : JSON.parse(value),
      ];
    }),
  );
}

const dataKeys = (data: SentData): Record<string, unknown> => ({
  'data.dir': null,
  ...(data.kind === 'memory' ? { 'data.set': 'memory' } : data.keys),
});

function watching({ config, data }: Setup, { progress }: TrainRequest, send: Send): Partial<RunObserver> {
  const { totalSteps: steps } = runLength(config, data.parts.train.values.count);
  const { epochs } = config.train;
  let sentMs = Number.NEGATIVE_INFINITY;
  let last: Metrics | null = null;
  const eta = (step: number, elapsedMs: number) => (elapsedMs / Math.max(1, step)) * (steps - step);
  return {
    epoch({ epoch, step, elapsedMs }, loss, evaluation) {
      const accuracy = evaluation?.accuracy ?? null;
      const metrics = evaluation && metricsOf(evaluation);
      const { on } = config.stop;
      const etaMs = eta(step, elapsedMs);
      send({ kind: 'epoch', epoch: { epoch, loss, accuracy, metrics, on, step, elapsedMs, etaMs } });
    },
    evaluation(_, evaluation) {
      last = metricsOf(evaluation);
    },
    tick({ epoch, step, elapsedMs }) {
      const now = performance.now();
      if (!progress || now - sentMs < progressEveryMs) return;
      sentMs = now;
      const etaMs = step === 0 ? null : eta(step, elapsedMs);
      send({ kind: 'progress', progress: { epoch, epochs, step, steps, elapsedMs, etaMs, metrics: last } });
    },
  };
}

const metricsOf = ({ accuracy, metrics }: Evaluation): Metrics => ({
  ...(accuracy === null ? {} : { accuracy }),
  ...metrics,
});

function contextOf({ logs }: TrainRequest, signal: AbortSignal, send: Send): CommandContext {
  const log = (level: 'debug' | 'info', message: string) => {
    if (logs) send({ kind: 'log', level, message });
  };
  return {
    signal,
    progress: { update() {}, note: (line) => log('info', line), warn() {}, finish() {} },
    warnings: new Warnings((_, warning) => send({ kind: 'warning', warning })),
    json: false,
    command: 'train() of the library',
    startupMs: 0,
    stdout: (text) => log('debug', text),
    stderr: (text) => log('info', text),
  };
}
