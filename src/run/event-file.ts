/**
 * Scalars in TensorBoard's event files. An event file is a TFRecord file (tensorflow/core/lib/io/record_writer.h) of
 * Event messages (tensorflow/core/util/event.proto). This writer emits only the fields that a scalar needs:
 *
 *   record  uint64 length | uint32 masked CRC of the length | data | uint32 masked CRC of the data   (little-endian)
 *   Event   1 double wall_time | 2 int64 step | 3 string file_version | 5 Summary
 *   Summary 1 Value { 1 string tag | 2 float simple_value }
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { cannot } from '../file-failure.js';
import { ExitCode, type UserError } from '../user-error.js';
import { BufferedFile, openRecords } from './buffered-file.js';
import { crc32c } from './crc32c.js';
import { appendEveryMs } from './metrics-file.js';

export { eventFileName } from './run-folder.js';

export class EventFile {
  readonly #startedAtMs: number;
  readonly #records = new BufferedFile(appendEveryMs);
  #path = '';
  readonly #continues: boolean;

  /**
   * `startedAtMs`: start of the resident clock, milliseconds since 1970. `continues`: the records follow those of the file.
   */
  constructor(startedAtMs = Date.now(), continues = false) {
    this.#startedAtMs = startedAtMs;
    this.#continues = continues;
    if (!continues) this.#add(0, 0, field(3, 'brain.Event:2'));
  }

  /** `elapsedMs` on the resident clock; `values` by tag, as float32. */
  scalars(step: number, elapsedMs: number, values: Readonly<Record<string, number>>): void {
    const summary = Object.entries(values).map(([tag, value]) => {
      const simple = Buffer.alloc(5);
      simple[0] = (2 << 3) | 5;
      simple.writeFloatLE(value, 1);
      return field(1, Buffer.concat([field(1, tag), simple]));
    });
    this.#add(step, elapsedMs, field(5, Buffer.concat(summary)));
  }

  /**
   * Later records go to this file, whose folder is created if needed; earlier records are kept in memory until
   * then. `failed`: if one cannot be written; it is tried again.
   */
  open(file: string, failed: (error: UserError) => void = () => {}): void {
    this.#path = file;
    const make = () => {
      try {
        mkdirSync(path.dirname(file));
      } catch {
        // If the folder cannot be made, opening the file fails with the reason.
      }
      return openRecords(file, this.#continues);
    };
    this.#records.open(make, (error) => failed(cannot('write', file, error, ExitCode.failure)));
  }

  get isOpen(): boolean {
    return this.#path !== '';
  }

  /** Appends the gathered records. */
  flush(): void {
    this.#records.drain();
  }

  /** Appends the gathered records and closes the file; `finish` reports whether it is whole. */
  close(): void {
    this.#records.close();
  }

  /** Throws UserError (exit 1) if a record could not be written. */
  finish(): void {
    this.close();
    const { failure } = this.#records;
    if (failure !== null) throw cannot('write', this.#path, failure, ExitCode.failure);
  }

  #add(step: number, elapsedMs: number, what: Buffer): void {
    const wall = Buffer.alloc(9);
    wall[0] = (1 << 3) | 1;
    wall.writeDoubleLE((this.#startedAtMs + elapsedMs) / 1000, 1);
    this.#records.write(record(Buffer.concat([wall, Buffer.from([2 << 3]), varint(step), what])));
  }
}

function record(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, checksum(length), data, checksum(data)]);
}

function checksum(data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4);
  const crc = crc32c(data);
  // Masked, because a CRC of data that contains CRCs is weak.
  bytes.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return bytes;
}

/** A length-delimited field: a string or a message. */
function field(number: number, content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);
}

/** A whole number from 0 up; seven bits a byte, the lowest first. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}
