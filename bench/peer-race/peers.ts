/**
 * The contestants, one entry each: what they support, their fastest settings, and their programs. The docstrings of the
 * programs list the other settings that were tried.
 */
import { root } from '../harness.ts';
import type { Contestant } from './types.ts';

export interface PeerEntry extends Contestant {
  readonly language: 'python' | 'javascript' | 'shardstep';
  /** Session program in bench/peers; null: none. */
  readonly session: string | null;
  /** User program in bench/peers/users; null: none. */
  readonly user: string | null;
  /** Python: the distribution whose installed size, with all its dependencies, is reported. */
  readonly distribution?: string;
}

const everything = { target: true, infer: true, cold: true } as const;
const program = (file: string): string => `${root}bench/peers/${file}`;

/** Entries whose lines are those of the user program. */
function peer(
  entry: Omit<PeerEntry, 'role' | 'sources' | 'variants' | 'threaded'> &
    Partial<Pick<PeerEntry, 'variants' | 'threaded'>>,
): PeerEntry {
  return {
    variants: [''],
    threaded: true,
    ...entry,
    role: 'peer',
    session: entry.session && program(entry.session),
    user: entry.user && program(`users/${entry.user}`),
    sources: entry.user === null ? [] : [program(`users/${entry.user}`)],
  };
}

export const contestants: readonly PeerEntry[] = [
  {
    name: 'shardstep',
    label: 'shardstep',
    role: 'ours',
    language: 'shardstep',
    variants: [''],
    threaded: true,
    can: everything,
    settings: 'configs/fastmlp.yaml as it is, sync owner, the pinned Node; inference takes the uint8 pixels',
    session: program('shardstep-peer.ts'),
    user: `${root}dist/coordinator`,
    sources: [`${root}configs/fastmlp.yaml`],
  },
  {
    name: 'mnist-97',
    label: 'shardstep, own recipe (other work)',
    role: 'other',
    language: 'shardstep',
    variants: [''],
    threaded: true,
    can: { target: true, infer: false, cold: true },
    settings:
      'not the same work: configs/mnist-97.yaml, features from the literature of 2,000 images; cold: the race',
    session: `${root}bench/peer-race/own-recipe-session.ts`,
    user: `${root}dist/coordinator`,
    sources: [`${root}configs/mnist-97.yaml`],
  },
  peer({
    name: 'pytorch',
    label: 'PyTorch',
    language: 'python',
    variants: ['eager', 'compiled'],
    can: everything,
    loadedAtAllCores: true,
    settings:
      'tensors in memory, index_select, fused SGD; compiled: torch.compile of loss, gradient and update; inference: the fastest of TorchScript and torch.compile',
    session: 'pytorch_peer.py',
    user: 'pytorch.py',
    distribution: 'torch',
  }),
  peer({
    name: 'jax',
    label: 'JAX',
    language: 'python',
    can: everything,
    settings:
      'an epoch as one jitted lax.scan that gathers its batches; inference: jitted, weights as constants',
    session: 'jax_peer.py',
    user: 'jax.py',
    distribution: 'jax',
  }),
  peer({
    name: 'keras',
    label: 'TensorFlow/Keras',
    language: 'python',
    can: everything,
    settings:
      'an epoch as one tf.function over tensors in memory, faster here than every setting of fit; biases of the user program start at zero',
    session: 'keras_peer.py',
    user: 'keras.py',
    distribution: 'tensorflow',
  }),
  peer({
    name: 'scikit-learn',
    label: 'scikit-learn',
    language: 'python',
    can: everything,
    settings:
      'MLPClassifier, partial_fit an epoch at a time, float32, no L2; its own initialisation (Glorot)',
    session: 'sklearn_peer.py',
    user: 'scikit-learn.py',
    distribution: 'scikit-learn',
  }),
  peer({
    name: 'onnxruntime',
    label: 'onnxruntime',
    language: 'python',
    can: { target: false, infer: true, cold: false },
    settings: 'inference only: Gemm and Relu, all graph optimisations, inputs and outputs bound to memory',
    session: 'onnxruntime_peer.py',
    user: null,
    distribution: 'onnxruntime',
  }),
  peer({
    name: 'tfjs-node',
    label: 'tfjs-node',
    language: 'javascript',
    can: everything,
    settings: 'the data set as a tensor, a step in one tidy, optimizer.minimize with momentum',
    session: 'tfjs_node.cjs',
    user: 'tfjs-node.cjs',
  }),
  peer({
    name: 'jax-js',
    label: 'jax-js',
    language: 'javascript',
    can: everything,
    settings:
      'a step (gradient and momentum) as one jitted function, WebAssembly backend; its Web Workers given to it on Node; the user program: one thread',
    session: 'jax_js_peer.mjs',
    user: 'jax-js.mjs',
  }),
  peer({
    name: 'brain.js',
    label: 'brain.js',
    language: 'javascript',
    threaded: false,
    can: { target: false, infer: true, cold: true },
    settings:
      'NeuralNetwork on the CPU, its defaults (sigmoid, 0.3, momentum 0.1): one image a step, it has no batches; gives up after 60 s',
    session: 'brain_js_peer.cjs',
    user: 'brain.js.cjs',
  }),
  peer({
    name: 'notebook',
    label: 'course notebook',
    language: 'python',
    threaded: false,
    can: { target: false, infer: false, cold: true },
    settings: 'as written: torchvision transforms, DataLoader with two workers, PyTorch’s defaults',
    session: null,
    user: 'notebook.py',
    distribution: 'torchvision',
  }),
];
