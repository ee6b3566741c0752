/** Who trains on a split, and what each measured. */
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type LineProcess, openLineProcess } from '../line-process.ts';
import { preparePython } from '../peers/python-environment.ts';
import { writeForPyTorch } from './for-pytorch.ts';
import { fit, logarithmicError, type OwnRun } from './own.ts';
import { type BenchTable, splitOf, threads } from './splits.ts';

/** Of one seed. */
export interface Turn {
  readonly own: OwnRun & { readonly score: number };
  readonly mlp: Fitted;
  readonly boosting: Fitted;
  readonly pytorch: Pick<Fitted, 'seconds' | 'score'>;
}

interface Fitted {
  readonly seconds: number;
  readonly score: number;
  /** The score in the target's own units. */
  readonly own: number;
}

export async function pythonOf(peer: 'scikit-learn' | 'pytorch' | 'fasttext'): Promise<string> {
  const found = (await preparePython([peer], { signal: new AbortController().signal })).get(peer);
  if (found === undefined || 'missing' in found) throw new Error(`${peer}: ${found?.missing}`);
  return found.python;
}

export class Contestants {
  readonly versions: readonly string[];
  readonly #folder: string;
  readonly #sklearn: LineProcess;
  readonly #pytorch: LineProcess;

  private constructor(folder: string, sklearn: LineProcess, pytorch: LineProcess) {
    this.#folder = folder;
    this.#sklearn = sklearn;
    this.#pytorch = pytorch;
    const version = ({ greeting }: LineProcess) => JSON.parse(greeting).version;
    this.versions = [`scikit-learn ${version(sklearn)}`, `PyTorch ${version(pytorch)}`];
  }

  /** `folder`: with the splits. */
  static async open(folder: string): Promise<Contestants> {
    const peers = join(import.meta.dirname, '..', 'peers');
    process.env.PYTHONPATH = [peers, process.env.PYTHONPATH ?? '']
      .filter((path) => path !== '')
      .join(delimiter);
    mkdirSync(join(folder, 'pytorch'));
    const open = async (name: string, peer: 'scikit-learn' | 'pytorch', of: string) =>
      openLineProcess(`bench/tables/${name}.py`, [of, `${threads}`], await pythonOf(peer));
    const sklearn = await open('sklearn_tables', 'scikit-learn', folder);
    return new Contestants(folder, sklearn, await open('pytorch_tables', 'pytorch', join(folder, 'pytorch')));
  }

  /** Each in turn; `place`: of the table in the manifest. */
  async turn(table: BenchTable, place: number, seed: number): Promise<Turn> {
    const split = splitOf(table, seed, this.#folder);
    const run = join(this.#folder, 'run');
    const own = await fit(split, seed, run);
    const score = table.logarithm ? await logarithmicError(split, run) : own.own;
    const mlp = await asked(this.#sklearn, `mlp ${place} ${seed}`);
    const boosting = await asked(this.#sklearn, `boosting ${place} ${seed}`);
    await writeForPyTorch(split, run, join(this.#folder, 'pytorch'));
    const pytorch = await asked(this.#pytorch, `mlp ${place} ${seed}`);
    return { own: { ...own, score }, mlp, boosting, pytorch };
  }

  /** Until the test score is as good as `target`, in the target's own units; null if it never is. */
  async until(table: BenchTable, seed: number, target: number): Promise<OwnRun | null> {
    const metric = table.task === 'classes' ? 'accuracy' : 'rmse';
    const words = ['stop.on=test', `stop.metric=${metric}`, `stop.target=${target}`, 'stop.patience=null'];
    const run = await fit(splitOf(table, seed, this.#folder), seed, join(this.#folder, 'run'), words);
    return run.reason === 'target' ? run : null;
  }

  async close(): Promise<void> {
    await this.#sklearn.close();
    await this.#pytorch.close();
  }
}

async function asked(peer: LineProcess, line: string): Promise<Fitted> {
  const answer = JSON.parse(await peer.ask(line));
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer;
}
