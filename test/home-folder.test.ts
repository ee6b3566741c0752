/** `~` in a path is the home folder wherever the path is given, and never a folder of that name. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { expandHome } from '../dist/config/home.js';
import { describeKeys } from '../dist/config/keys.js';
import { pathKeys } from '../dist/config/paths.js';
import { cli, expectCode, workingDirectory } from './support/cli.ts';
import { userError } from './support/scratch.ts';

const home = process.platform === 'win32' ? 'USERPROFILE' : 'HOME';

test('~ and ~/… are expanded, any other path is left as it is', () => {
  const at = (file: string) => expandHome(file, 'x', { [home]: '/home/ada/' });
  assert.equal(at('~/runs/a'), '/home/ada/runs/a');
  assert.equal(at('~'), '/home/ada/');
  for (const file of ['./~/a', 'a/~/b', 'a~', '/~', 'runs', '']) assert.equal(at(file), file);
});

test('without a home folder, or for that of another user, the path is refused with what gave it', () => {
  assert.throws(() => expandHome('~/a', '--out', {}), userError(2, '--out: "~/a"', `${home} is not set`));
  const other = () => expandHome('~ada/a', 'SHARDSTEP_DATA', { [home]: '/home/bob' });
  assert.throws(other, userError(2, 'SHARDSTEP_DATA: "~ada/a"', './~ada/a'));
});

test('every key whose value is a path is one whose ~ is expanded', () => {
  const expected = describeKeys().filter((key) => key.expected.startsWith('the path of'));
  assert.deepEqual(
    expected.map(({ key }) => key),
    pathKeys,
  );
});

describe('a program that is given ~ expands it', { concurrency: 2 }, () => {
  const brief = ['train', '--quiet', '--config', 'tiny', 'parallel.threads=1'];
  const tiny = 'train: { batch: 2, epochs: 1 }\nmodel: { hidden: [] }\ndata: { set: csv }\n';

  async function folders(t: Parameters<typeof workingDirectory>[0]) {
    const cwd = await workingDirectory(t);
    const folder = join(cwd, 'home');
    mkdirSync(join(folder, 'data'), { recursive: true });
    mkdirSync(join(cwd, 'configs'));
    writeFileSync(join(cwd, 'configs', 'tiny.yaml'), tiny);
    for (const part of ['train', 'test'])
      writeFileSync(join(folder, 'data', `${part}.csv`), '0,0,9,9,0\n1,9,0,0,9\n0,0,8,9,0\n1,9,0,1,9\n');
    const end = () => assert.ok(!readdirSync(cwd).includes('~'), 'a folder called ~');
    return { cwd, folder, environment: { [home]: folder }, end };
  }

  test('in --out, data.dir and model.init.file on the command line', async (t) => {
    const { cwd, folder, environment, end } = await folders(t);
    await expectCode(0, [...brief, '--out=~/first', 'data.dir=~/data'], { cwd, environment });
    const start = 'model.init.file=~/first/final.safetensors';
    await expectCode(0, [...brief, '--out', '~/next', 'data.dir=~/data', start], { cwd, environment });
    assert.ok(existsSync(join(folder, 'next', 'final.safetensors')));
    const { stdout } = await expectCode(0, ['check-log', '~/first', '~/next'], { cwd, environment });
    assert.match(stdout, /2 logs/);
    end();
  });

  test('in a file, in extends, in --config and in SHARDSTEP_DATA', async (t) => {
    const { cwd, folder, environment, end } = await folders(t);
    writeFileSync(join(folder, 'base.yaml'), tiny);
    writeFileSync(join(folder, 'mine.yaml'), 'extends: ~/base.yaml\ndata: { dir: ~/data }\n');
    const words = ['train', '--quiet', 'parallel.threads=1'];
    await expectCode(0, [...words, '--config=~/mine.yaml', '--out', 'a'], { cwd, environment });
    const named = { ...environment, SHARDSTEP_DATA: '~/data' };
    await expectCode(0, [...brief, '--out', 'b'], { cwd, environment: named });
    end();
  });

  test('a path that cannot be expanded is refused with its file and key', async (t) => {
    const { cwd, folder, end } = await folders(t);
    writeFileSync(join(cwd, 'mine.yaml'), 'data: { dir: ~ada/data, set: csv }\n');
    const environment = { [home]: folder };
    const { code, stderr } = await cli(['train', '--config', 'mine.yaml'], { cwd, environment });
    assert.equal(code, 2);
    assert.match(stderr, /^error: mine\.yaml: data\.dir: "~ada\/data": expected ~ or ~\/…[^\n]*\n$/);
    const homeless = await cli([...brief, '--out=~/a'], { cwd, environment: { [home]: '' } });
    assert.match(homeless.stderr, new RegExp(`^error: --out: "~/a": [^\\n]*${home} is not set\\n$`));
    end();
  });
});
