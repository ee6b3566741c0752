/**
 * The Python that PyTorch and JAX run in: an environment made once, in a folder that git ignores, with the versions
 * of bench/peers/requirements.txt. SHARDSTEP_PEERS names another Python that has them. PyPI's Linux wheels of PyTorch
 * bring CUDA along (6 GB installed), used or not.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { root } from '../harness.ts';

const folder = `${root}.peers`;
const requirements = `${root}bench/peers/requirements.txt`;

export type PeerPython = { readonly python: string } | { readonly missing: string };

/** Found, made, or the reason why there is none. */
export function peerPython(): PeerPython {
  const given = process.env.SHARDSTEP_PEERS;
  if (given !== undefined && given !== '') return { python: given };
  const python = `${folder}/bin/python`;
  const marker = `${folder}/requirements.sha256`;
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return { python };
  try {
    run('python3', ['--version']);
  } catch {
    return { missing: 'no python3 on PATH' };
  }
  try {
    console.log('installing PyTorch and JAX into .peers (about 6 GB), once …\n');
    run('python3', ['-m', 'venv', '--clear', folder]);
    run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  } catch (error) {
    return { missing: `PyTorch and JAX could not be installed: ${lastLine(error)}` };
  }
  writeFileSync(marker, wanted);
  return { python };
}

function run(program: string, words: readonly string[]): void {
  execFileSync(program, words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What the program said last, or why it did not run. */
function lastLine(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  const lines = (said === '' ? String(error) : said).split('\n');
  return lines[lines.length - 1];
}
