/**
 * What the project promises about failures, and the tests that show it: the rows of docs/RELIABILITY.md. A test's second
 * word is a part of its title: a promise whose test is gone is found by test/reliability-current.test.ts.
 */

/**
 * Benchmarks whose records are proofs, not speeds: they are on that page, and not in PERFORMANCE.md. With the flags of the whole
 * proof.
 */
export const proofs = {
  chaos: '--injections 1000 --record',
  fuzz: '--inputs 1000000 --record',
  barrier: '--record',
  checkpoint: '--record',
  'worker-loss': '--record',
  soak: '--record',
} as const;
export type Proof = keyof typeof proofs;

export const isProof = (bench: string): boolean => Object.hasOwn(proofs, bench);

export interface Promised {
  readonly text: string;
  /** File under test/, without .test.ts, and a part of the title of its test. */
  readonly tests: readonly (readonly [file: string, title: string])[];
  readonly proofs?: readonly Proof[];
}

export const promises: Readonly<Record<string, readonly Promised[]>> = {
  Checkpoints: [
    {
      text: 'A run that was killed at any moment goes on with `train --resume RUN` to the same weights, bit by bit',
      tests: [
        ['checkpoint-bits', 'captured after any step, it goes on to the same bits'],
        ['resume', 'SIGKILL twice'],
        ['cli-lost-workers', '--resume goes on to the weights and records of an undisturbed run'],
      ],
      proofs: ['chaos'],
    },
    {
      text: 'metrics.csv and log.ndjson of a resumed run have each row once',
      tests: [['resume', 'the weights and the rows are those of an undisturbed run']],
      proofs: ['chaos'],
    },
    {
      text: 'Files are replaced in one step: old or new, never a part',
      tests: [
        ['atomic-file', 'replaces the file in one step'],
        ['atomic-file', 'synced before the rename, the folder after it'],
      ],
    },
    {
      text: 'A run counts as finished only with the weights that its result names: results of a run that was stopped are removed when it goes on',
      tests: [
        ['resume-results', 'no old result is left, and the next one finishes it'],
        ['resume-results', 'has not finished'],
      ],
      proofs: ['chaos'],
    },
    {
      text: 'A damaged checkpoint does not count among those that are kept; one that could not be written is followed by the next',
      tests: [
        ['checkpoint-files', 'does not count among those that stay'],
        ['checkpoint-files', 'it is written after all if that file cannot be'],
      ],
    },
    {
      text: 'Log, metrics.csv and event file that cannot be written for a time are written later, without a gap; exit code 1 only if they are not complete at the end',
      tests: [
        ['file-faults', 'are written later, without a gap'],
        ['file-faults', 'cost the model nothing, and the exit code is 1'],
      ],
    },
    {
      text: 'A checkpoint each second costs at most 1 % of the run, and so do copies in memory',
      tests: [],
      proofs: ['checkpoint'],
    },
  ],
  Signals: [
    {
      text:
        'SIGINT, SIGTERM and SIGHUP end a run after its step with its weights and a checkpoint, if checkpoints are on; exit codes 130, 143 and 129. ' +
        'A step that takes longer than 0.4 s is given up: the checkpoint is then the last copy in memory, of a step before, once there is one',
      tests: [
        ['cli-interruption', 'SIGINT ends a run with'],
        ['resume', 'SIGTERM: exit code 143'],
        ['resume', 'SIGHUP of a closed terminal: exit code 129'],
        ['lost-workers', 'an interruption in the middle of a step'],
      ],
    },
    {
      text: 'A reader of stdout or stderr that ends early costs no run',
      tests: [['resume', 'a reader that ends early']],
    },
  ],
  Workers: [
    {
      text: 'A worker that throws, exits, runs out of memory or is terminated ends the run within 2 s with its cause, its place and exit code 1; no thread is left',
      tests: [
        ['lost-workers', 'the error names the worker, its step and the cause'],
        ['cli-lost-workers', 'a worker that exits: exit 1'],
        ['cli-lost-workers', 'a worker lost by'],
      ],
      proofs: ['worker-loss'],
    },
    {
      text:
        'Such a run leaves a checkpoint of its last copy in memory, if it has checkpoints: of a whole step, half a second old as a rule. With ' +
        '`owner`, the step in flight cannot be undone',
      tests: [
        ['lost-workers', 'an observer gets the last copy, of a whole step'],
        ['lost-workers', 'a command that takes seconds does not delay the copies'],
        ['cli-lost-workers', '--resume goes on to the weights and records of an undisturbed run'],
      ],
      proofs: ['worker-loss'],
    },
    {
      text: 'A thread that the system refuses, or that ends before its task, is one line with the reason and exit code 1',
      tests: [['refused-threads', '']],
    },
    {
      text: 'A worker that hangs is found by `parallel.heartbeat`; a process that stands still is no hang',
      tests: [
        ['heartbeat', 'a rank that computes without a sign of life hangs'],
        ['heartbeat', 'before the first step has ended'],
        ['cli-lost-workers', 'a worker that hangs: exit 1'],
        ['cli-lost-workers', 'SIGSTOP for three times the heartbeat is no hang'],
      ],
    },
    {
      text: '`parallel.onWorkerLoss=continue`: new workers go on from a copy in memory within 200 ms, to the bits of an undisturbed run',
      tests: [
        ['lost-workers', 'the bits and reports of an undisturbed run'],
        ['cli-lost-workers', 'onWorkerLoss=continue: exit 0 with the same weights'],
      ],
      proofs: ['worker-loss'],
    },
    {
      text: 'Barrier, commands, stops and aborts: no rank passes twice, none is left behind, an abort always wins, a command is executed once',
      tests: [
        ['protocol-model', ''],
        ['protocol-conforms', ''],
        ['real-barriers', ''],
      ],
      proofs: ['barrier'],
    },
  ],
  'Data and files': [
    {
      text: 'Any file operation of train, export and import may fail: one line, an exit code, and nothing half written that is taken for whole',
      tests: [
        ['file-faults', 'a training whose file operations fail in turn'],
        ['file-faults', 'export and import whose file operations fail in turn'],
      ],
      proofs: ['chaos'],
    },
    {
      text: 'The same for `train --resume`, `eval`, `predict`, `verify`, `sweep`, `profile`, `lr-find`, `study`, `report` and the race; a result whose file cannot be written is printed, and the exit code is 1',
      tests: [['file-faults-commands', '']],
    },
    {
      text: 'The same for downloads: an archive in the cache is whole or absent, also while two processes fill one cache',
      tests: [['file-faults-cache', '']],
    },
    {
      text: 'Downloads are verified; a wrong checksum, a redirect loop, a stall or a body of another size is refused, and the next mirror is tried',
      tests: [['data-download', '']],
    },
    {
      text: 'A damaged archive in the cache is downloaded again, or refused in one line; a run has no other weights',
      tests: [
        ['data-download', 'is downloaded again'],
        ['data-download', 'a damaged file in the cache that cannot be downloaded again'],
      ],
      proofs: ['chaos'],
    },
    {
      text: 'No input of any format ends in anything but a result or one line that names the file',
      tests: [['damaged-models', '']],
      proofs: ['fuzz'],
    },
  ],
  Numbers: [
    {
      text: 'A loss or weights that are not finite end the run at their step, with layer and likely cause; no weights are written',
      tests: [
        ['divergence', 'names step, layer and rate'],
        ['divergence', 'the loss was finite, the weights are not'],
        ['lost-workers', 'beside a loss that is not finite'],
      ],
    },
    {
      text: 'Kernels that compute wrongly are not used: a lower level is, with a warning, or the run is refused',
      tests: [['wrong-kernels', 'wrong kernels']],
    },
  ],
  Determinism: [
    {
      text: 'Seed, configuration and data give the bits, under `owner` and `units` with any number of threads',
      tests: [
        ['owner-is-bitwise', ''],
        ['units-is-bitwise', ''],
      ],
    },
    {
      text: 'The same bits on Node 20, 22, 24 and 26 at one kernel level',
      tests: [
        ['same-bits-on-every-node', 'weights, losses and kernel level on every Node'],
        ['exact-arithmetic', 'no function of Math that is not exact'],
      ],
    },
    {
      text: '`verify RUN` trains again and compares',
      tests: [['verify', 'a run is equal to itself']],
    },
  ],
  Resources: [
    {
      text: 'Memory is compared with the limit of the machine and of the container before it is allocated; a refusal has the sum by part',
      tests: [
        ['memory-limit', 'the limit'],
        ['memory-limit', 'the message has the sum by part'],
        ['memory-limit', 'copies of the state are counted'],
        ['data-idx', 'inflated no further than its header names'],
      ],
    },
    {
      text: 'Sessions in one process leave no memory, handle or thread',
      tests: [['soak-judgement', 'each kind of growth misses its bar']],
      proofs: ['soak'],
    },
  ],
  Security: [
    {
      text: 'YAML is data only: no tags, few aliases, 32 levels; a refusal repeats no more than a part of what it was given',
      tests: [
        ['hostile-settings', 'YAML is data'],
        ['hostile-settings', 'YAML may be nested 32 deep'],
        ['hostile-settings', 'a refusal shortens what it repeats'],
      ],
    },
    {
      text: 'Keys such as `__proto__` change no object',
      tests: [['hostile-settings', 'changes no object']],
    },
    {
      text: 'Names of runs, comparisons and files stay in their folder',
      tests: [
        ['hostile-settings', 'a run name stays in its folder'],
        ['hostile-settings', 'a zero byte in a path of a file'],
      ],
    },
    {
      text: 'Each dependency has a licence of a list, and the package holds those of all that is bundled',
      tests: [
        ['licences', 'installed packages have a licence of the list'],
        ['package-contents', 'the licences of all that is bundled are in it'],
      ],
    },
  ],
  Platforms: [
    {
      text: 'Names, home folders and links of Windows ([what has been tested](determinism.md#platforms), arm64 under QEMU too)',
      tests: [
        ['windows-paths', 'names of runs and of their files are allowed on Windows'],
        ['windows-paths', 'without the right to make links'],
      ],
    },
  ],
};
