/**
 * The roofline (Williams, Waterman & Patterson 2009) of one core: the rate of a phase is at most the core's peak, and
 * at most its arithmetic intensity times the memory bandwidth.
 */

/** Measured; see the hardware card. */
export interface Roof {
  readonly gflops: number;
  readonly bandwidthGBs: number;
}

/** Null if operations or bytes are unknown, or no time was measured. */
export interface RoofPlace {
  /** Of one core. */
  readonly gflops: number | null;
  readonly gigabytesPerSecond: number | null;
  /** FLOP for each byte. */
  readonly intensity: number | null;
  /** Share of the peak, and of the roof at this intensity; above 1 if the bytes come from caches. */
  readonly peakShare: number | null;
  readonly roofShare: number | null;
  /** The limit of the phase; null if the bytes are unknown. */
  readonly bound: 'compute' | 'memory' | null;
}

/** Intensity at which both limits meet. */
export const ridge = ({ gflops, bandwidthGBs }: Roof): number => gflops / bandwidthGBs;

/** GFLOP/s that the roof allows. */
export const roofAt = (intensity: number, roof: Roof): number =>
  Math.min(roof.gflops, intensity * roof.bandwidthGBs);

/** With at least this share of the bandwidth, a phase below the ridge is limited by memory, otherwise by the core. */
export const busyBandwidth = 0.5;

function boundOf(intensity: number | null, gigabytesPerSecond: number, roof: Roof): 'compute' | 'memory' {
  const belowRidge = intensity === null || intensity < ridge(roof);
  return belowRidge && gigabytesPerSecond >= busyBandwidth * roof.bandwidthGBs ? 'memory' : 'compute';
}

/** `coreMs`: summed over the cores that shared the work. */
export function placeUnderRoof(
  flop: number | null,
  bytes: number | null,
  coreMs: number,
  roof: Roof,
): RoofPlace {
  const rate = (amount: number | null) => (amount === null || coreMs <= 0 ? null : amount / coreMs / 1e6);
  const [gflops, gigabytesPerSecond] = [rate(flop), rate(bytes)];
  const intensity = flop === null || bytes === null || bytes === 0 ? null : flop / bytes;
  const known = gflops !== null && intensity !== null && intensity > 0;
  return {
    gflops,
    gigabytesPerSecond,
    intensity,
    peakShare: gflops === null ? null : gflops / roof.gflops,
    roofShare: known ? gflops / roofAt(intensity, roof) : null,
    bound: gigabytesPerSecond === null ? null : boundOf(intensity, gigabytesPerSecond, roof),
  };
}
