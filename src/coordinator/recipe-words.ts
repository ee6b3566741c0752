/** A recipe in words, for the result card. */
import type { Config } from '../config/schema.js';
import type { Plan } from './plan.js';

/** Units of each layer, such as [784, 256, 128, 10]. */
export function describeNetwork(plan: Plan): number[] {
  return [plan.input.features, ...plan.layers.map((layer) => layer.outputs)];
}

export function describeOptimizer(optimizer: Config['optimizer']): string {
  const decay = optimizer.weightDecay > 0 ? `, weight decay ${optimizer.weightDecay}` : '';
  if (optimizer.name === 'adam') return `Adam, learning rate ${optimizer.lr}${decay}`;
  const momentum = `${optimizer.nesterov ? 'Nesterov' : 'momentum'} ${optimizer.momentum}`;
  return `SGD, learning rate ${optimizer.lr}, ${momentum}${decay}`;
}

export function describeSchedule(schedule: Config['schedule']): string {
  const { name, ...settings } = schedule;
  const words = Object.entries(settings).map(([key, value]) => `${key} ${value}`);
  return words.length === 0 ? name : `${name} (${words.join(', ')})`;
}
