/**
 * `npm run audit`: the advisories that the package registry knows for the locked packages, those of developers included,
 * since some are bundled. Exit code 1 if there are any. A registry that does not answer has ruled out nothing: that is
 * printed, and is a failure with SHARDSTEP_REQUIRE_AUDIT=1.
 */
import { spawnSync } from 'node:child_process';

interface Advisory {
  readonly title: string;
  readonly url: string;
}

interface Report {
  /** Of a registry that does not answer. */
  readonly message?: string;
  readonly vulnerabilities?: Readonly<
    Record<string, { severity: string; range: string; via: readonly (Advisory | string)[] }>
  >;
  readonly metadata?: { readonly dependencies: { readonly total: number } };
}

const isWindows = process.platform === 'win32';
const { stdout, stderr } = spawnSync(isWindows ? 'npm.cmd' : 'npm', ['audit', '--json'], {
  ...{ cwd: new URL('../', import.meta.url), encoding: 'utf8', shell: isWindows, maxBuffer: 2 ** 26 },
});

function reportOf(text: string): Report {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

const { vulnerabilities, metadata, message } = reportOf(stdout ?? '');
if (vulnerabilities === undefined || metadata === undefined) {
  const reason = message ?? stderr?.split('\n')[0] ?? 'npm did not start';
  console.error(`audit: THE REGISTRY COULD NOT BE ASKED for advisories, so none is ruled out: ${reason}`);
  process.exitCode = process.env.SHARDSTEP_REQUIRE_AUDIT === '1' ? 1 : 0;
} else {
  const found = Object.entries(vulnerabilities);
  console.log(`audit: ${metadata.dependencies.total} packages, ${found.length} of them with advisories`);
  for (const [name, { severity, range, via }] of found)
    for (const each of via)
      console.log(
        `${name} ${range}: ${severity}: ${typeof each === 'string' ? `by ${each}` : `${each.title} ${each.url}`}`,
      );
  process.exitCode = found.length === 0 ? 0 : 1;
}
