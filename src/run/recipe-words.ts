/** A recipe in words, for the result card. */
import type { Config } from '../config/schema.js';
import { peakRate } from '../optim/batch-scaling.js';
import type { Plan } from '../plan/plan.js';

/** Units of each layer, such as [784, 256, 128, 10]. */
export function describeNetwork(plan: Plan): number[] {
  return [plan.input.features, ...plan.layers.map((layer) => layer.outputs)];
}

/** `batch`: the batch that the learning rate is scaled to, if it is scaled. */
export function describeOptimizer(optimizer: Config['optimizer'], batch: number): string {
  const decay = optimizer.weightDecay > 0 ? `, weight decay ${optimizer.weightDecay}` : '';
  const rate = `learning rate ${Number(peakRate(optimizer, batch).toPrecision(4))}`;
  if (optimizer.name === 'adam') return `Adam, ${rate}${decay}`;
  if (optimizer.name === 'adamw') return `AdamW, ${rate}${decay}`;
  if (optimizer.name === 'lars')
    return `LARS, ${rate}, momentum ${optimizer.momentum}, trust coefficient ${optimizer.trustCoefficient}${decay}`;
  const momentum = `${optimizer.nesterov ? 'Nesterov' : 'momentum'} ${optimizer.momentum}`;
  return `SGD, ${rate}, ${momentum}${decay}`;
}

export function describeSchedule(schedule: Config['schedule']): string {
  const { name, ...settings } = schedule;
  const words = Object.entries(settings).map(([key, value]) => `${key} ${value}`);
  return words.length === 0 ? name : `${name} (${words.join(', ')})`;
}
