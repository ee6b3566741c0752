/**
 * One request to one mirror: continues a file that has partly arrived. `download.ts` handles retries, other mirrors and
 * the disk.
 */

/** A file of known size in transfer: `bytes.length` is that size, the first `receivedBytes` have arrived. */
export interface Arrival {
  readonly bytes: Uint8Array;
  receivedBytes: number;
}

/** Why a mirror did not deliver, in words for a person. */
export class MirrorFailure extends Error {
  override readonly name = 'MirrorFailure';
}

/** The received bytes are not the file: nothing of it is worth keeping. */
export class WrongContent extends MirrorFailure {}

/** The deadline has passed: no other try at this mirror is worth it. */
export class TooSlow extends MirrorFailure {}

/** A mirror that sends fewer in the time of a stall is too slow to wait for. */
const leastBytes = 4096;

export interface MirrorOptions {
  readonly signal?: AbortSignal | undefined;
  /** Gives up after this long without 4096 bytes. */
  readonly idleTimeoutMs: number;
  /** Gives up at this time, by performance.now(), however many bytes arrive. */
  readonly deadlineMs: number;
  readonly onBytes: (receivedBytes: number) => void;
}

/**
 * Requests the missing bytes and adds them to `arrival`, which keeps them on failure. A server that ignores the range
 * (200) or has nothing there (416) makes it start over.
 * @throws MirrorFailure for any failure of the network or the server. If the caller's signal ended the request, the
 * caller has to check the signal.
 */
export async function continueFrom(url: string, arrival: Arrival, options: MirrorOptions): Promise<void> {
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(), options.idleTimeoutMs);
  const late = new AbortController();
  const lateTimer = setTimeout(() => late.abort(), Math.max(0, options.deadlineMs - performance.now()));
  const signals = [idle.signal, late.signal, ...(options.signal === undefined ? [] : [options.signal])];
  try {
    const response = await request(url, arrival, AbortSignal.any(signals));
    timer.refresh();
    let countedBytes = arrival.receivedBytes;
    await receive(response, arrival, () => {
      if (arrival.receivedBytes >= countedBytes + leastBytes) {
        countedBytes = arrival.receivedBytes;
        timer.refresh();
      }
      options.onBytes(arrival.receivedBytes);
    });
  } catch (error) {
    if (error instanceof MirrorFailure) throw error;
    if (idle.signal.aborted) {
      const stall = `fewer than ${leastBytes} bytes in ${options.idleTimeoutMs / 1000} s`;
      throw new MirrorFailure(stall, { cause: error });
    }
    if (late.signal.aborted) {
      const slow = `too slow: ${arrival.receivedBytes} of ${arrival.bytes.length} bytes had arrived in the time for a file of that size`;
      throw new TooSlow(slow, { cause: error });
    }
    throw new MirrorFailure(describe(error), { cause: error });
  } finally {
    clearTimeout(timer);
    clearTimeout(lateTimer);
  }
}

async function request(url: string, arrival: Arrival, signal: AbortSignal): Promise<Response> {
  // Identity, because fetch would undo a transfer encoding, and offsets would then count other bytes.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (arrival.receivedBytes > 0) headers.range = `bytes=${arrival.receivedBytes}-`;
  const response = await fetch(url, { headers, signal });
  if (response.status === 200) {
    arrival.receivedBytes = 0;
    return response;
  }
  if (response.status === 206 && startOfRange(response) === arrival.receivedBytes) return response;
  await response.body?.cancel();
  if (arrival.receivedBytes > 0 && (response.status === 416 || response.status === 206)) {
    arrival.receivedBytes = 0;
    return request(url, arrival, signal);
  }
  throw new MirrorFailure(`HTTP ${response.status}`);
}

function startOfRange(response: Response): number | null {
  const match = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return match === null ? null : Number(match[1]);
}

async function receive(response: Response, arrival: Arrival, onChunk: () => void): Promise<void> {
  const sizeBytes = arrival.bytes.length;
  const missingBytes = sizeBytes - arrival.receivedBytes;
  const offeredBytes = Number(response.headers.get('content-length') ?? missingBytes);
  if (offeredBytes > missingBytes && !response.headers.has('content-encoding')) {
    await response.body?.cancel();
    throw new WrongContent(`too large: ${arrival.receivedBytes + offeredBytes} bytes, expected ${sizeBytes}`);
  }
  for await (const chunk of response.body ?? []) {
    if (arrival.receivedBytes + chunk.length > sizeBytes) {
      throw new WrongContent(`too large: more than the expected ${sizeBytes} bytes`);
    }
    arrival.bytes.set(chunk, arrival.receivedBytes);
    arrival.receivedBytes += chunk.length;
    onChunk();
  }
  if (arrival.receivedBytes < sizeBytes) {
    throw new MirrorFailure(`ended after ${arrival.receivedBytes} of ${sizeBytes} bytes`);
  }
}

/** fetch reports only "fetch failed" or "terminated". The reason is in its cause, or in the cause of that (a proxy's answer). */
function describe(error: unknown): string {
  let deepest = error as Error & { code?: unknown };
  while (deepest.cause instanceof Error) deepest = deepest.cause;
  const detail = typeof deepest.code === 'string' ? deepest.code : deepest.message;
  const { message } = error as Error;
  return (deepest === error ? message : `${message} (${detail})`).replaceAll(/\s+/g, ' ');
}
