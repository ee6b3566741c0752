/**
 * Local SGD (Stich 2019): every worker takes `localSteps` steps on its own copy of the weights and of the momentum,
 * each with its shard of the step's batch. Then the weights are averaged in the order of the ranks, so the same number
 * of threads gives the same bits. Momentum is never averaged (as in Lin et al. 2020). With one step between two
 * averagings, plain SGD is synchronous SGD except for rounding. The same holds with momentum, which is linear in the
 * gradients, if every shard is the same share of its batch.
 *
 * Post-local SGD (Lin, Stich, Patel & Jaggi 2020): the run's first steps are synchronous, by `owner`; the copies start
 * from their weights and momentum.
 *
 * If a command ends between two averagings, the shared weights are set to the average for evaluating and saving, and
 * training continues from the copies. So the frequency of evaluation does not change a run.
 */
import { shardStart } from '../plan/shards.js';
import { owner } from './owner.js';
import type { Replica } from './replica.js';
import type { Step, SyncStrategy } from './strategy.js';

export const localSgd: SyncStrategy = {
  coordinated: false,
  begin({ replica }) {
    replica?.begin();
  },
  meets: ({ number, local }) => number <= local.from || isAveraged(number, local),
  work(step) {
    const { number, local, replica } = step;
    if (number <= local.from) return owner.work(step);
    if (replica === null) throw new Error('local-sgd needs replicas');
    if (!replica.isCurrent) replica.adopt();
    trainAlone(step, replica);
    if (!isAveraged(number, local)) return;
    average(step, replica);
    replica.pull();
  },
  finish(step) {
    const { number, local, replica } = step;
    if (number > local.from && !isAveraged(number, local) && replica !== null) average(step, replica);
  },
};

const isAveraged = (number: number, { from, steps }: Step['local']): boolean =>
  number > from && (number - from) % steps === 0;

/** One step on the rank's shard; a rank without rows takes none. */
function trainAlone(step: Step, replica: Replica): void {
  const { backend } = replica;
  const { shard, batchRows, ranks } = step;
  for (let rank = 0; rank < ranks; rank++)
    replica.rows[rank] += shardStart(batchRows, ranks, rank + 1) - shardStart(batchRows, ranks, rank);
  const rows = { first: 0, last: shard.last - shard.first };
  step.clock.enter('compute');
  if (rows.last === 0) {
    step.result.lossSum = 0;
    step.result.correct = 0;
    return;
  }
  backend.propagate(step.firstSample + shard.first, rows, rows.last, step.number, step.result);
  for (const slice of step.allSlices) {
    step.clock.enter('compute');
    backend.gradient(slice, rows, 0);
    step.clock.enter('update');
    backend.update(slice, step.number, step.learningRate);
  }
}

/** The shared weights become the replicas' average; each rank writes its own slices. */
function average(step: Step, replica: Replica): void {
  step.clock.enter('wait');
  step.barrier(); // every replica is written before any rank reads it
  step.clock.enter('update');
  replica.average(step.ownSlices);
  step.backend.refresh(step.ownSlices);
  step.clock.enter('wait');
  step.barrier(); // the whole average is written before any rank reads it
}
