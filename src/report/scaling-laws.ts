/**
 * Laws of scaling. Universal Scalability Law (Gunther, Guerrilla Capacity Planning, 2007, ch. 4):
 *
 *   C(N) = N / (1 + σ(N − 1) + κN(N − 1))
 *
 * speed-up C on N threads, σ contention (the share of the work that is serial or queues), κ coherency (the cost for
 * every pair of threads that must agree). Amdahl's law (1967) is κ = 0.
 */

export type Law = 'amdahl' | 'usl';

export interface Coefficients {
  readonly sigma: number;
  /** 0 in Amdahl's law. */
  readonly kappa: number;
}

/** Measured speed-up over one thread. */
export interface ScalingPoint {
  readonly threads: number;
  readonly speedup: number;
}

export function predictSpeedup({ sigma, kappa }: Coefficients, threads: number): number {
  return threads / (1 + (threads - 1) * (sigma + kappa * threads));
}

/** The thread count with the largest speed-up; infinite without coherency. */
export const peakThreads = ({ sigma, kappa }: Coefficients): number =>
  kappa > 0 ? Math.sqrt(Math.max(0, 1 - sigma) / kappa) : Number.POSITIVE_INFINITY;

/** The largest speed-up with any number of threads; infinite if both costs are zero. */
export function ceiling(fitted: Coefficients): number {
  const peak = peakThreads(fitted);
  if (Number.isFinite(peak)) return predictSpeedup(fitted, Math.max(1, peak));
  return fitted.sigma > 0 ? 1 / fitted.sigma : Number.POSITIVE_INFINITY;
}

/** Serial share that one measured speed-up on `threads` > 1 implies (Karp & Flatt 1990). */
export const karpFlatt = ({ threads, speedup }: ScalingPoint): number =>
  (1 / speedup - 1 / threads) / (1 - 1 / threads);

/** Distinct thread counts that a fit needs: one thread is 1 by definition, and two parameters need two more. */
export const countsNeeded = 3;

/**
 * Least squares in the speed-ups with σ, κ ≥ 0, by Levenberg–Marquardt (Marquardt 1963) over the coefficients that are
 * not held at zero. An inner solution is compared with those on the border, so that the starting side of a flat valley
 * does not decide. Null for fewer than `countsNeeded` distinct thread counts.
 */
export function fitLaw(law: Law, points: readonly ScalingPoint[]): Coefficients | null {
  if (new Set(points.map(({ threads }) => threads)).size < countsNeeded) return null;
  const only = (sigma: boolean, kappa: boolean) => descend(points, { sigma, kappa });
  const both = law === 'usl' ? [only(true, true), only(false, true)] : [];
  const candidates: Coefficients[] = [{ sigma: 0, kappa: 0 }, only(true, false), ...both];
  return candidates.reduce((best, each) => (squares(points, each) < squares(points, best) ? each : best));
}

const squares = (points: readonly ScalingPoint[], fitted: Coefficients) =>
  points.reduce((sum, { threads, speedup }) => sum + (speedup - predictSpeedup(fitted, threads)) ** 2, 0);

/** Which coefficients may move. */
interface Free {
  readonly sigma: boolean;
  readonly kappa: boolean;
}

const [mostIterations, smallestGain] = [200, 1e-14];

function descend(points: readonly ScalingPoint[], free: Free): Coefficients {
  let at: Coefficients = { sigma: free.sigma ? 0.05 : 0, kappa: free.kappa ? 0.001 : 0 };
  let error = squares(points, at);
  let damping = 1e-3;
  for (let iteration = 0; iteration < mostIterations && damping < 1e12; iteration++) {
    const step = dampedStep(points, at, free, damping);
    const next = {
      sigma: Math.max(0, at.sigma + step.sigma),
      kappa: Math.max(0, at.kappa + step.kappa),
    };
    const nextError = squares(points, next);
    if (nextError < error) {
      const gain = error - nextError;
      [at, error, damping] = [next, nextError, damping / 10];
      if (gain <= smallestGain * error) break;
    } else damping *= 10;
  }
  return at;
}

/** Solves (JᵀJ + damping · diag JᵀJ) step = Jᵀ residuals, J the derivatives of C by σ and κ. */
function dampedStep(points: readonly ScalingPoint[], at: Coefficients, free: Free, damping: number) {
  let [ss, sk, kk, rs, rk] = [0, 0, 0, 0, 0];
  for (const { threads, speedup } of points) {
    const predicted = predictSpeedup(at, threads);
    // ∂C/∂σ = −C²(N − 1)/N, ∂C/∂κ = −C²(N − 1)
    const byKappa = free.kappa ? -(predicted ** 2) * (threads - 1) : 0;
    const bySigma = free.sigma ? (-(predicted ** 2) * (threads - 1)) / threads : 0;
    const residual = speedup - predicted;
    ss += bySigma * bySigma;
    sk += bySigma * byKappa;
    kk += byKappa * byKappa;
    rs += bySigma * residual;
    rk += byKappa * residual;
  }
  const [a, d] = [ss * (1 + damping), kk * (1 + damping)];
  if (!free.kappa) return { sigma: a > 0 ? rs / a : 0, kappa: 0 };
  if (!free.sigma) return { sigma: 0, kappa: d > 0 ? rk / d : 0 };
  const determinant = a * d - sk * sk;
  if (!(determinant > 0)) return { sigma: 0, kappa: 0 };
  return { sigma: (d * rs - sk * rk) / determinant, kappa: (a * rk - sk * rs) / determinant };
}
