import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseHTML } from 'linkedom';
import Papa from 'papaparse';
import { expectCode, workingDirectory } from './support/cli.ts';
import { type RunWords, writeRun } from './support/logs.ts';

/** What a name from elsewhere may try. */
const hostile = `<img src=x onerror=alert(1)>"'&|](https://example.org) =1+1`;

/** 24 runs on two machines: strategies × threads × two recipes with three seeds each, two sweeps, one cut log. */
async function manyRuns(t: TestContext): Promise<string> {
  const cwd = await workingDirectory(t);
  const add = (name: string, run: RunWords) => writeRun(join(cwd, 'runs', name), run);
  for (const sync of ['owner', 'sharded', 'average'])
    for (const threads of [1, 2, 4])
      for (const name of ['small', 'large']) {
        const scale = (name === 'small' ? 20 : 90) / Math.sqrt(threads);
        const curves = [1, 2, 3].map((seed) => ({
          seed,
          elapsedMs: scale + seed,
          accuracy: 0.965 + seed / 250,
        }));
        add(`${name}-${sync}-${threads}`, { name, threads, curves, config: { 'parallel.sync': sync } });
      }
  const sweep = Object.fromEntries([1, 2, 4, 8].map((n) => [n, [100, 102, 104].map((ms) => ms / n ** 0.8)]));
  add('sweep', { name: 'small', sweep, status: 'done' });
  const elsewhere = { processor: hostile, physicalCores: 4 };
  add('elsewhere', {
    name: hostile,
    curves: [{ seed: 1, elapsedMs: 50, accuracy: 0.98 }],
    hardware: elsewhere,
  });
  add('no-card', {
    name: 'small',
    curves: [{ seed: 1, elapsedMs: 50, accuracy: 0.9 }],
    hardware: null,
    status: 'interrupted',
  });
  const missed = { name: 'small', status: 'missed', config: { 'train.batch': 20 } } as const;
  add('missed', { ...missed, curves: [{ seed: 1, elapsedMs: 50, accuracy: 0.9 }] });
  add('again', { ...missed, curves: [{ seed: 2, elapsedMs: 50, accuracy: 0.9 }] });
  truncateSync(add('cut', { name: 'small', curves: [{ seed: 1, elapsedMs: 50, accuracy: 0.98 }] }), 3500);
  // A process that was killed has written nothing else.
  for (const file of ['meta.json', 'result.json']) rmSync(join(cwd, 'runs/cut', file));
  return cwd;
}

test('a folder of many runs becomes a page, Markdown, charts and CSVs', async (t) => {
  const cwd = await manyRuns(t);
  const { stdout } = await expectCode(0, ['report', 'runs', '--out', 'out', '--quiet'], { cwd });
  assert.match(stdout, /^damaged +1 log; /m);
  assert.match(stdout, /^report +out\/report\.html$/m);
  const text = readFileSync(join(cwd, 'out/report.html'), 'utf8');
  const { document } = parseHTML(text);

  await t.test('the page stands alone: nothing is loaded, linked or run', () => {
    const without = text.replaceAll('xmlns="http://www.w3.org/2000/svg"', '');
    const markup = without.replaceAll('&quot;&#39;&amp;|](https://example.org)', '');
    assert.doesNotMatch(markup.replaceAll(/>[^<]*</g, '><'), /https?:|\/\/\w|url\((?!#)|@import/);
    assert.equal(
      document.querySelectorAll('script, link, iframe, object, embed, img, image, base').length,
      0,
    );
    for (const element of document.querySelectorAll('*'))
      for (const { name, value } of element.attributes) {
        assert.doesNotMatch(name, /^on|^(src|srcset|data|action)$/);
        if (/href$/.test(name)) assert.match(value, /^#/);
      }
    const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]');
    assert.equal(policy?.getAttribute('content'), "default-src 'none'; style-src 'unsafe-inline'");
  });

  await t.test('a name from another machine stays text', () => {
    const cells = [...document.querySelectorAll('td')].map((cell) => cell.textContent);
    assert.ok(cells.includes(hostile));
    assert.ok(
      [...document.querySelectorAll('.legend li')].some((item) => item.textContent?.startsWith(hostile)),
    );
  });

  await t.test('damages come before everything that was made of the logs', () => {
    const [first] = document.querySelectorAll('section, aside');
    assert.equal(first.tagName.toLowerCase(), 'aside');
    assert.match(first.textContent ?? '', /runs\/cut\/log\.ndjson:\d+: the last line is cut off/);
  });

  await t.test('every section is there', () => {
    const titles = [...document.querySelectorAll('section h2')].map((title) => title.textContent);
    assert.deepEqual(titles, [
      'Time to accuracy',
      'Learning curves',
      'Scaling',
      'Sync strategies',
      'Phases',
      'Step times',
      'Hardware',
      'Runs',
    ]);
    const names = [...document.querySelectorAll('figure h3')].map((title) => title.textContent ?? '');
    for (const name of ['Speed-up against threads', 'Accuracy against images', 'Prediction to 64 threads'])
      assert.ok(
        names.some((each) => each.startsWith(name)),
        name,
      );
    for (const chart of document.querySelectorAll('figure svg'))
      assert.ok((chart.getAttribute('aria-label') ?? '') !== '', 'a chart says nothing to a screen reader');
  });

  await t.test('light, dark and print', () => {
    const style = document.querySelector('head style')?.textContent ?? '';
    assert.match(style, /@media screen and \(prefers-color-scheme: dark\)/);
    assert.match(style, /@media print/);
    assert.match(text, /<meta name="viewport" content="width=device-width/);
  });

  await t.test('Markdown shows charts that are there, and names stay text', () => {
    const markdown = readFileSync(join(cwd, 'out/report.md'), 'utf8');
    const shown = [...markdown.matchAll(/^!\[.*\]\((charts\/[\w-]+\.svg)\)$/gm)].map(([, file]) => file);
    assert.deepEqual(shown.map((file) => file.slice(7)).sort(), readdirSync(join(cwd, 'out/charts')).sort());
    for (const file of shown) {
      const svg = readFileSync(join(cwd, 'out', file), 'utf8');
      assert.equal(parseHTML(svg).document.documentElement.tagName.toLowerCase(), 'svg');
      assert.doesNotMatch(svg, /<img/);
    }
    assert.doesNotMatch(markdown, /(?<!\\)<|(?<!\\)\]\(http|https?:/);
  });

  await t.test('CSVs have a row for every curve and never a formula', () => {
    const read = (file: string) =>
      Papa.parse<Record<string, string>>(readFileSync(join(cwd, 'out', file), 'utf8').trimEnd(), {
        header: true,
      });
    const curves = read('curves.csv');
    assert.deepEqual(curves.errors, []);
    // 18 × 3 seeds, elsewhere, no-card, missed, again, cut
    assert.equal(curves.data.length, 59);
    const cut = curves.data.find(({ run }) => run === 'cut');
    assert.deepEqual([cut?.finished, cut?.machine], ['false', '?']);
    const scaling = read('scaling.csv').data.filter(({ source }) => source === 'sweep');
    assert.deepEqual(
      scaling.map(({ threads, samples_ms }) => [threads, samples_ms.split(';').length]),
      [
        ['1', 3],
        ['2', 3],
        ['4', 3],
        ['8', 3],
      ],
    );
    assert.ok(existsSync(join(cwd, 'out/predictions.csv')));
  });
});

test('a spreadsheet takes no name for a formula', async (t) => {
  const cwd = await workingDirectory(t);
  writeRun(join(cwd, 'run'), { name: '=1+1', curves: [{ seed: 1, elapsedMs: 50, accuracy: 0.98 }] });
  await expectCode(0, ['report', 'run', '--out', 'out', '--quiet'], { cwd });
  assert.match(readFileSync(join(cwd, 'out/curves.csv'), 'utf8'), /,"'=1\+1",/);
});

test('sections without data are left out with a word, also in JSON', async (t) => {
  const cwd = await workingDirectory(t);
  const log = writeRun(join(cwd, 'run'), { sweep: { 1: [100, 101], 2: [60, 61] }, status: 'done' });
  const { stdout } = await expectCode(0, ['report', log, '--out', 'out', '--json', '--quiet'], { cwd });
  const json = JSON.parse(stdout);
  assert.deepEqual([json.runs, json.damaged, json.machines], [1, 0, 1]);
  assert.deepEqual(Object.keys(json.leftOut), [
    'Time to accuracy',
    'Learning curves',
    'Sync strategies',
    'Phases',
    'Step times',
  ]);
  const text = readFileSync(join(cwd, 'out/report.html'), 'utf8');
  assert.match(text, /at least 3 thread counts.*1 and 2/);
  assert.doesNotMatch(text, /Fitted coefficients/);
});

test('the report goes to a new folder of its own by default', async (t) => {
  const cwd = await workingDirectory(t);
  writeRun(join(cwd, 'run'), { name: 'mine', curves: [{ seed: 1, elapsedMs: 50, accuracy: 0.98 }] });
  await expectCode(0, ['report', 'run', '--quiet'], { cwd });
  const folders = readdirSync(join(cwd, 'results/reports')).filter((name) => name !== 'latest');
  assert.equal(folders.length, 1);
  assert.match(folders[0], /_mine_/);
  assert.ok(existsSync(join(cwd, 'results/reports/latest/report.html')));
  assert.deepEqual(readdirSync(join(cwd, 'run')).sort(), ['log.ndjson', 'meta.json', 'result.json']);
});

test('a file beside a log that cannot be read is a warning', async (t) => {
  const cwd = await workingDirectory(t);
  const curves = [{ seed: 1, elapsedMs: 50, accuracy: 0.98 }];
  for (const name of ['a', 'b', 'sound']) writeRun(join(cwd, name), { curves });
  truncateSync(join(cwd, 'a/meta.json'), 20);
  writeFileSync(join(cwd, 'a/result.json'), '[1');
  writeFileSync(join(cwd, 'b/meta.json'), '7');
  writeFileSync(join(cwd, 'b/config.yaml'), 'a: [');
  const files = ['a/meta.json', 'a/result.json', 'b/meta.json', 'b/config.yaml'];
  const { stderr, stdout } = await expectCode(0, ['report', 'a', 'b', 'sound', '--out', 'out', '--quiet'], {
    cwd,
  });
  assert.doesNotMatch(stdout, /damaged/);
  const lines = stderr.trimEnd().split('\n');
  assert.equal(lines.length, files.length, stderr);
  for (const [at, file] of files.entries())
    assert.match(lines[at], new RegExp(`^${file}: warning: is not used, it cannot be read: .{5,200}$`));
  const page = readFileSync(join(cwd, 'out/report.md'), 'utf8');
  for (const file of files) assert.ok(page.includes(file), file);
  const json = await expectCode(0, ['report', 'a', '--out', 'again', '--json'], { cwd });
  const { damaged, problems } = JSON.parse(json.stdout);
  assert.equal(damaged, 0);
  assert.deepEqual(
    problems.map(({ file, kind }: { file: string; kind: string }) => [file, kind]),
    files.slice(0, 2).map((file) => [file, 'warning']),
  );
  const compared = await expectCode(0, ['compare', 'a', 'sound'], { cwd });
  assert.match(compared.stderr, /^a\/meta\.json: warning: /m);
});

test('a report of nothing that can be read fails, and bad usage is refused', async (t) => {
  const cwd = await workingDirectory(t);
  const log = writeRun(join(cwd, 'run'), { curves: [{ seed: 1, elapsedMs: 50, accuracy: 0.98 }] });
  truncateSync(log, 20);
  const unreadable = await expectCode(1, ['report', 'run', '--quiet'], { cwd });
  assert.match(unreadable.stderr, /^error: [^\n]*\brun\b[^\n]*check-log[^\n]*\n$/);
  assert.ok(!existsSync(join(cwd, 'results')), 'a folder was left');
  const missing = await expectCode(2, ['report', 'runn'], { cwd });
  assert.match(missing.stderr, /^error: runn: .*mean run\?\n$/);
  await expectCode(2, ['report'], { cwd });
  await expectCode(2, ['report', 'run', '--out', ''], { cwd });
});
