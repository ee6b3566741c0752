/**
 * The chain of dense layers in a safetensors file of another program, such as a PyTorch state_dict: weights [outputs,
 * inputs] and biases [outputs] of any names. The file does not say the order: layers are in the order of their names,
 * 2 before 10, if their sizes then fit, else in the only order that fits.
 */
import type { Tensor } from '../model/safetensors.js';
import { quoted, UserError } from '../user-error.js';
import type { ChainLayer, NetworkChain } from './network-chain.js';

/** Beyond it, orders are not tried. */
const mostTried = 12;

/** @throws UserError (exit 1) naming the tensor that is no part of a chain. */
export function chainOfTensors(tensors: ReadonlyMap<string, Tensor>, file: string): NetworkChain {
  const refusal = (problem: string) => new UserError(`${file}: expected a chain of dense layers: ${problem}`);
  const names = [...tensors.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const shapeOf = (name: string) => tensors.get(name)?.shape ?? [];
  const weights = names.filter((name) => shapeOf(name).length === 2);
  const layers = weights.map((name): ChainLayer => {
    const [outputs, inputs] = shapeOf(name);
    const biasName = /weight$/.test(name) ? name.replace(/weight$/, 'bias') : `${name}.bias`;
    const bias = tensors.get(biasName);
    if (outputs < 1 || inputs < 1) throw refusal(`${quoted(name)} has the shape [${outputs}, ${inputs}]`);
    if (bias !== undefined && bias.shape.join() !== String(outputs))
      throw refusal(`${quoted(biasName)}: expected the shape [${outputs}], got [${bias.shape.slice(0, 8)}]`);
    return {
      ...{ name, inputs, outputs, weight: tensors.get(name)?.data ?? new Float32Array() },
      bias: bias?.data ?? new Float32Array(outputs),
    };
  });
  if (layers.length === 0) throw refusal('found no tensor with two sizes');
  const used = new Set(layers.flatMap(({ name }) => [name, name.replace(/weight$/, 'bias'), `${name}.bias`]));
  const other = names.find((name) => !used.has(name));
  if (other !== undefined)
    throw refusal(
      `${quoted(other)} [${shapeOf(other).slice(0, 8).join(', ')}] is neither the weight nor the bias of one`,
    );
  for (const { name } of layers) requireFinite(name, tensors, file);
  return { layers: inOrder(layers, refusal), activation: null, shape: null, scaling: null, notes: [] };
}

function requireFinite(name: string, tensors: ReadonlyMap<string, Tensor>, file: string): void {
  for (const each of [name, name.replace(/weight$/, 'bias'), `${name}.bias`]) {
    const data = tensors.get(each)?.data;
    if (data !== undefined && !data.every(Number.isFinite))
      throw new UserError(`${file}: ${quoted(each)}: expected finite values, found NaN or Infinity`);
  }
}

const fits = (layers: readonly ChainLayer[]) =>
  layers.every(({ inputs }, i) => i === 0 || inputs === layers[i - 1].outputs);

function inOrder(
  layers: readonly ChainLayer[],
  refusal: (problem: string) => UserError,
): readonly ChainLayer[] {
  if (fits(layers)) return layers;
  const sizes = layers.map(({ name, inputs, outputs }) => `${quoted(name)} ${inputs} to ${outputs}`);
  const listed = `${sizes.slice(0, 8).join(', ')}${sizes.length > 8 ? ' …' : ''}`;
  const orders = layers.length > mostTried ? [] : ordersOf(layers, []);
  if (orders.length === 1) return orders[0];
  throw refusal(`${orders.length === 0 ? 'no order' : 'several orders'} of their sizes fit: ${listed}`);
}

/** Up to two orders in which each layer has as many inputs as the one before has outputs. */
function ordersOf(left: readonly ChainLayer[], chosen: readonly ChainLayer[]): (readonly ChainLayer[])[] {
  if (left.length === 0) return [chosen];
  const found: (readonly ChainLayer[])[] = [];
  for (const next of left) {
    if (chosen.length > 0 && chosen[chosen.length - 1].outputs !== next.inputs) continue;
    found.push(
      ...ordersOf(
        left.filter((layer) => layer !== next),
        [...chosen, next],
      ),
    );
    if (found.length > 1) break;
  }
  return found;
}
