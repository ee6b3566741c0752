/**
 * The training of a model that averages several networks: one for each seed, on the same samples. They are spread over the
 * threads; no result depends on the spread.
 */
import type { Config } from '../config/schema.js';
import { planFor, type Setup } from '../coordinator/setup.js';
import { Trainer } from '../coordinator/trainer.js';
import type { RunObserver, RunOutcome } from '../coordinator/training-run.js';
import type { Evaluation } from '../coordinator/work.js';
import { averageOutputs } from '../inference/average-outputs.js';
import type { Judged } from '../metrics/judged.js';
import { allMetrics, type Metrics, metricsOf } from '../metrics/metric.js';
import { joinMembers } from '../model/members.js';
import type { Tensor } from '../model/safetensors.js';
import { inLanes } from '../numbers/lanes.js';
import { sameForAnyThreads } from '../plan/threads.js';

type JudgedPart = 'validation' | 'test';

export interface Member {
  readonly seed: number;
  readonly outcome: RunOutcome;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Of its own, on the part of `stop.on`, and on the test samples if those are others. */
  readonly metrics: Metrics;
  readonly testMetrics: Metrics | null;
  /** f32 [count][outputs] by part. */
  readonly outputs: ReadonlyMap<JudgedPart, Float32Array>;
}

export interface Average {
  readonly members: readonly Member[];
  /** Of all, in one file. */
  readonly tensors: Map<string, Tensor>;
  /** On the part of `stop.on`. */
  readonly evaluation: Evaluation;
  readonly metrics: Metrics;
  readonly testMetrics: Metrics | null;
  /** On the test samples, if there are any. */
  readonly tested: Judged | null;
}

/** `observe`: what watches a network's training. @throws as training does, when all networks have stopped. */
export async function trainMembers(
  setup: Setup,
  threads: number,
  observe: (member: number, seed: number) => Partial<RunObserver>,
): Promise<Average> {
  const { config } = setup;
  const count = config.model.members;
  const lanes = Math.min(threads, count);
  const one: Config = { ...config, model: { ...config.model, members: 1 } };
  // A plan of several members keeps the outputs of evaluations.
  const single: Setup = {
    ...{ ...setup, config: one, packsOnce: false },
    sharesThread: lanes > 1 || setup.sharesThread === true,
  };
  // The bits of other strategies depend on the number of threads.
  const share = sameForAnyThreads(planFor(setup, threads).sync) ? Math.floor(threads / lanes) : 1;
  const plan = planFor(setup, share);
  const trainers: Trainer[] = [];
  try {
    for (let lane = 0; lane < lanes; lane++) trainers.push(await Trainer.open(single, plan));
    const members = await inLanes(lanes, count, async (member, lane): Promise<Member> => {
      const seed = (config.seed + member) % 2 ** 32;
      const trainer = trainers[lane];
      const outcome = await trainer.train(seed, observe(member, seed));
      return { seed, outcome, ...(await judged(trainer, partsOf(setup))) };
    });
    return averaged(setup, members);
  } finally {
    for (const trainer of trainers) await trainer.close();
  }
}

/** The parts that a run is measured on; that of `stop.on` comes first. */
function partsOf({ config, data }: Setup): JudgedPart[] {
  if (config.stop.on === 'test') return ['test'];
  return data.parts.test.values.count > 0 ? ['validation', 'test'] : ['validation'];
}

async function judged({ session }: Trainer, parts: readonly JudgedPart[]) {
  const outputs = new Map<JudgedPart, Float32Array>();
  const all: Metrics[] = [];
  const tensors = session.parameters();
  for (const part of parts) {
    await session.evaluate(part);
    outputs.set(part, session.outputs(part));
    all.push(metricsOf(session.judged(part)));
  }
  return { tensors, outputs, metrics: all[0], testMetrics: all[1] ?? null };
}

function averaged(setup: Setup, members: readonly Member[]): Average {
  const { data } = setup;
  const [on, tested] = partsOf(setup);
  const of = (part: JudgedPart) => {
    const all = members.flatMap(({ outputs }) => outputs.get(part) ?? []);
    const out = new Float32Array(all[0].length);
    const { loss, facts, scale, outputs: width } = data.goal;
    averageOutputs({ loss, target: facts, scale, width }, all, out);
    const judged = data.goal.judged(part, out);
    return { out, judged, metrics: allMetrics(judged) };
  };
  const first = of(on);
  const second = tested === undefined ? null : of(tested);
  const accuracy = first.metrics.accuracy ?? null;
  const loss = meanLoss(setup, on, first.out);
  return {
    members,
    tensors: joinMembers(members.map(({ tensors }) => tensors)),
    evaluation: { accuracy, loss, metrics: first.metrics },
    metrics: first.metrics,
    testMetrics: second?.metrics ?? null,
    tested: on === 'test' ? first.judged : (second?.judged ?? null),
  };
}

/** As the network sees the targets. */
function meanLoss({ data: { goal, parts } }: Setup, part: JudgedPart, outputs: Float32Array): number {
  const { targets } = parts[part];
  const { count } = parts[part].values;
  const [row, gradient] = [new Float64Array(goal.outputs), new Float64Array(goal.outputs)];
  const target = new Float64Array(targets.length / count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    row.set(outputs.subarray(i * row.length, (i + 1) * row.length));
    target.set(targets.subarray(i * target.length, (i + 1) * target.length));
    sum += goal.loss.row(row, target, gradient);
  }
  return sum / count;
}
