/** The hardware card of each machine, and the speeds that its runs measured. */
import { hardwareLines } from '../../machine/hardware.js';
import { median } from '../../numbers/statistics.js';
import { digits, plural } from '../../numbers/words.js';
import { type LeftOut, type Section, table, words } from '../document.js';
import type { Machine } from '../machines.js';
import type { Survey } from '../settings.js';
import { spreadOf } from '../target-times.js';

const title = 'Hardware';

export function machinesSection({ machines }: Survey): Section | LeftOut {
  const known = machines.filter(({ hardware }) => hardware !== null);
  const unknown = machines.find(({ hardware }) => hardware === null);
  if (known.length === 0)
    return { title, reason: 'no log has a hardware card: it is written when a run ends by itself' };
  const rest =
    unknown === undefined
      ? []
      : [
          words(
            `${plural(unknown.runs.length, 'run')} without a hardware card: interrupted, failed or cut. Machine ? stands for all of them.`,
          ),
        ];
  return { title, blocks: [...known.map(card), ...rest] };
}

function card({ letter, hardware, runs }: Machine) {
  if (hardware === null) throw new RangeError('expected a machine with a hardware card');
  const { measured, tensorflow, ...facts } = hardware;
  const free = median(runs.map((run) => run.hardware?.memoryFreeBytes ?? 0));
  const lines = hardwareLines({ ...facts, memoryFreeBytes: free > 0 ? free : null }, null, tensorflow);
  const rows = lines.map((line) => [line.slice(0, 11).trim(), line.slice(11)]);
  const speeds = runs.flatMap((run) => run.hardware?.measured ?? []);
  const spread = (of: 'gflops' | 'bandwidthGBs', unit: string) => {
    const found = spreadOf(speeds.map((speed) => speed[of]).filter((value) => value !== null));
    return found === null
      ? []
      : `${digits(found.median)} (${digits(found.min)}–${digits(found.max)}) ${unit}`;
  };
  const figures = [spread('gflops', 'GFLOP/s'), spread('bandwidthGBs', 'GB/s')].flat();
  const level = measured === null ? [] : [`WebAssembly ${measured.wasmLevel}`];
  if (level.length + figures.length > 0) rows.push(['measured', [...level, ...figures].join(', ')]);
  return table(`Machine ${letter}, ${plural(runs.length, 'run')}`, { heading: ['part', 'facts'], rows });
}
