/** The cgroups of this process: folders whose files limit it, in version 1 and 2. */
import { readFileSync } from 'node:fs';

export interface Cgroup {
  readonly version: 1 | 2;
  /** Relative to the root, without a slash at its end. */
  readonly folder: string;
}

/**
 * Every cgroup that limits this process by `controller`. A parent's limit also holds for its children, so each level
 * counts. Inside a container the path may name a folder of the host that is not mounted here: then only the top of the
 * mount is found, which is correct. `root`: a test points it at an artificial /proc and /sys.
 */
export function cgroupsOf(controller: string, root: string): Cgroup[] {
  const found: Cgroup[] = [];
  for (const line of (readText(`${root}/proc/self/cgroup`) ?? '').split('\n')) {
    const [id, controllers, group] = line.trim().split(':');
    if (group === undefined) continue;
    const isOne = controllers?.split(',').includes(controller);
    if (id === '0')
      found.push(...levels(group).map((level) => ({ version: 2, folder: `sys/fs/cgroup${level}` }) as const));
    else if (isOne)
      found.push(
        ...levels(group).map(
          (level) => ({ version: 1, folder: `sys/fs/cgroup/${controller}${level}` }) as const,
        ),
      );
  }
  return found;
}

/** `/a/b` gives '', '/a', '/a/b'. */
function levels(group: string): string[] {
  const all = [''];
  for (const part of group.split('/')) {
    if (part !== '' && part !== '..') all.push(`${all.at(-1)}/${part}`);
  }
  return all;
}

/** Null if it cannot be read. */
export function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
