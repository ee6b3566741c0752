/**
 * Why a peer is better than shardstep: one sentence a measurement, or one for a peer at a measurement. Used only if the
 * newest record shows it.
 */
const wide =
  'its products use all of the processor’s vector width (512 bits if it has them), V8 compiles WebAssembly to 256 bits at most';

const byMeasure: Readonly<Record<string, string>> = {
  resident: wide,
  training: wide,
  'inference-1024': wide,
  'inference-10000': wide,
};

const byPeer: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'jax-js': {
    installed: 'it is one package without dependencies',
  },
};

export function whyPeerWins(peer: string, measure: string): string {
  return byPeer[peer]?.[measure] ?? byMeasure[measure] ?? 'not explained yet';
}
