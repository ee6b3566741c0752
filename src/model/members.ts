/** Networks whose outputs are averaged, in one file: the first has the usual names, of the others each has a prefix. */
import type { Tensor } from './safetensors.js';

type Tensors = ReadonlyMap<string, Tensor>;

const anyPrefix = 'members.';

export const memberPrefix = (member: number): string => (member === 0 ? '' : `${anyPrefix}${member}.`);

export const joinMembers = (members: readonly Tensors[]): Map<string, Tensor> =>
  new Map(
    members.flatMap((tensors, member) =>
      [...tensors].map(([name, tensor]): [string, Tensor] => [memberPrefix(member) + name, tensor]),
    ),
  );

/** By their usual names: those of one network, from 0, and those that all share. */
export function tensorsOfMember(tensors: Tensors, member: number): Tensors {
  const prefix = memberPrefix(member);
  const all = [...tensors];
  const shared = all.filter(([name]) => !name.startsWith(anyPrefix));
  const own = all.flatMap(([name, tensor]): [string, Tensor][] =>
    prefix !== '' && name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
  );
  return new Map([...shared, ...own]);
}
