/** Names and paths as Windows has them, by `path.win32`: drives, both slashes, its home folder and its reserved names. */
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { mock, test } from 'node:test';
import { expandHome } from '../dist/config/home.js';
import { createRunFolder, eventFileName, pathBelow, runName } from '../dist/run/run-folder.js';
import { workingDirectory } from './support/cli.ts';
import { userError } from './support/scratch.ts';

test('~ is USERPROFILE, with either slash', () => {
  const environment = { USERPROFILE: 'C:\\Users\\Ada\\', HOME: '/not/this' };
  const at = (file: string) => path.win32.normalize(expandHome(file, '--out', environment, 'win32'));
  assert.equal(at('~\\runs\\a'), 'C:\\Users\\Ada\\runs\\a');
  assert.equal(at('~/runs/a'), 'C:\\Users\\Ada\\runs\\a');
  assert.equal(at('D:\\~\\a'), 'D:\\~\\a');
  const unknown = () => expandHome('~\\a', '--out', { HOME: '/h' }, 'win32');
  assert.throws(unknown, userError(2, 'USERPROFILE is not set'));
});

test('a folder is below another on the same drive only', () => {
  const below = (above: string, folder: string) => pathBelow(above, folder, path.win32);
  assert.equal(below('C:\\p\\results', 'C:\\p\\results\\a'), 'a');
  assert.equal(below('C:\\p\\results', 'c:/p/RESULTS/a/b'), 'a\\b');
  for (const elsewhere of ['D:\\p\\results\\a', 'C:\\p\\other', 'C:\\p\\results', '\\\\host\\share\\a'])
    assert.equal(below('C:\\p\\results', elsewhere), null, elsewhere);
  assert.equal(below('C:\\p\\results', 'C:\\p\\results\\..a'), '..a');
});

/** Learn, "Naming Files, Paths, and Namespaces": characters, names of devices, endings. */
const forbidden = /[<>:"/\\|?*]|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|[. ]$/i;

test('names of runs and of their files are allowed on Windows', () => {
  const date = new Date(2026, 10, 30, 7, 8, 9);
  for (const name of ['con', 'NUL', 'com1.yaml', 'a:b', 'ends.', 'ends ', 'a\\b/c', '?*<>|"', '', '…'])
    assert.doesNotMatch(runName(name, date, '0a1b2c'), forbidden, name);
  for (const name of ['config.yaml', 'run.lock', 'final.safetensors', eventFileName])
    assert.doesNotMatch(name, forbidden);
});

test('without the right to make links, latest is a file with the name of the folder', async (t) => {
  const root = await workingDirectory(t);
  const refused = Object.assign(new Error('privilege'), { code: 'EPERM' });
  const link = mock.method(fs, 'symlink', () => Promise.reject(refused));
  t.after(() => link.mock.restore());
  for (const name of ['first', 'second']) {
    const folder = await createRunFolder({ root, out: null, name });
    const latest = path.join(root, 'latest');
    assert.ok(lstatSync(latest).isFile());
    assert.equal(readFileSync(latest, 'utf8'), `${path.basename(folder.path)}\n`);
  }
  assert.equal(link.mock.callCount(), 2);
});

test('a link that cannot be replaced in one step, as on Windows, is removed first', async (t) => {
  const root = await workingDirectory(t);
  mkdirSync(path.join(root, 'old'));
  symlinkSync('old', path.join(root, 'latest'), 'dir');
  const { rename } = fs;
  const refused = Object.assign(new Error('in use'), { code: 'EPERM' });
  const renaming = mock.method(fs, 'rename', (from: string, to: string) =>
    lstatSync(to, { throwIfNoEntry: false })?.isSymbolicLink() ? Promise.reject(refused) : rename(from, to),
  );
  t.after(() => renaming.mock.restore());
  const folder = await createRunFolder({
    root,
    out: null,
    name: 'new',
    warn: (_, text) => assert.fail(text),
  });
  assert.equal(await fs.readlink(path.join(root, 'latest')), path.basename(folder.path));
});
