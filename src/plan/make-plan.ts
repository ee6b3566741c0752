/**
 * Lays out a run: from the configuration and the facts of the data to the plan, which joins the sections that the other
 * files plan. Nothing here touches memory or threads.
 */
import { appliesAtOnce, gradientBuffers } from '../config/capabilities.js';
import type { Config } from '../config/schema.js';
import { metricNameOf } from '../config/target-rules.js';
import { planSamples } from '../data/samples-plan.js';
import { widthOf } from '../data/target.js';
import { planDirections } from '../data/transforms/directions/plan.js';
import { blockImages, chunkImages } from '../kernels/directions/spec.js';
import { entryBytes } from '../kernels/sparse-rows.js';
import type { Core } from '../machine/core-speeds.js';
import { Arena } from '../memory/arena.js';
import { taskOf } from '../metrics/metric.js';
import { chooseFirstLayer, takesEntries } from '../model/first-layer.js';
import {
  denseNetwork,
  layoutNetwork,
  layoutShortcut,
  parameterFloats,
  withShortcut,
} from '../model/network.js';
import { floorLog2 } from '../numbers/elementary.js';
import { dropoutRates } from '../optim/dropout.js';
import { weightRows } from '../optim/layer-norms.js';
import { stateVectors } from '../optim/optimizer.js';
import { planUpdater } from '../optim/updater-plan.js';
import { chooseSync } from './choose-sync.js';
import { planControl } from './control.js';
import {
  planDerived,
  planParameters,
  planWorkspace,
  scratchFloatsOf,
  type WorkspaceSizes,
} from './network.js';
import type { DataFacts, InputPlan, Plan, ProfilePlan } from './plan.js';
import { isBalanced, mostShare, planBalance } from './plan-balance.js';
import { planDropout } from './plan-dropout.js';
import { planNoise } from './plan-noise.js';
import { planLocal, planReplicas } from './plan-replicas.js';
import { planScores } from './plan-scores.js';
import { planSelection } from './plan-selection.js';
import { planUnits, shareUnits } from './plan-units.js';
import { mostRows, sharesOf } from './shards.js';
import { cutFeatures, planSlices, planStripSlices, planUnitSlices, wholePanels } from './slices.js';
import { stampDoubles } from './stamp-room.js';

const ringSteps = 1024;
const evaluationChunk = 96;
/** An operation of TensorFlow costs 10 to 20 µs besides its arithmetic. */
const matrixEvaluationChunk = 512;

export function makePlan(
  config: Config,
  facts: DataFacts,
  threads: number,
  cores: number,
  profile: ProfilePlan | null = null,
  speeds: readonly Core[] = [],
): Plan {
  const { sync, reason: syncReason } = chooseSync(config, facts);
  const arena = new Arena();
  const oversubscribed = threads > cores;
  const weighted = sync === 'owner' && threads > 1 && threads <= speeds.length;
  const ranked = weighted ? speeds.slice(0, threads) : null;
  const shares = ranked && sharesOf(ranked);
  const { batch } = config.train;
  const metric = metricNameOf(config.stop.metric, taskOf(facts.target, config.loss));
  const seesDirections = facts.packing === 'directions';
  const directions = seesDirections
    ? arena.part('transform', (take) =>
        planDirections(config, facts.parts, { threads, oversubscribed }, take),
      )
    : null;
  const features = directions?.shape.inputs ?? facts.features;
  const asMatrices = config.backend.name !== 'wasm';
  const { stored } = facts;
  // The shortcut would need sums of weights of its own.
  const entries =
    stored !== null &&
    facts.packing === 'encoded' &&
    !asMatrices &&
    !config.model.shortcut &&
    takesEntries(stored.entries, features)
      ? stored.entries
      : 0;
  const isSparse = facts.packing === 'sparse' || entries > 0;
  const firstForm = asMatrices ? 'matrix' : isSparse ? 'sparse rows' : 'dense rows';
  const network = denseNetwork([features, ...config.model.hidden, facts.outputs]);
  const layers = layoutNetwork(network, firstForm);
  const shortcut = config.model.shortcut ? layoutShortcut(layers, firstForm) : null;
  const trained = withShortcut({ layers, shortcut });
  // Owners of hidden units own whole panels, as a single thread does.
  const units = sync === 'units' ? shareUnits(layers[0].outputs, threads) : null;
  const cuts = { threads: units === null ? threads : 1, shares };
  const input = inputPlan(facts, { features, entries }, layers, cuts, asMatrices);
  // Softmax regression on direction features works on blocks of images, not on rows of a workspace.
  const blockwise = directions?.hasLayers === false;
  const kernelRanges = asMatrices ? [] : input.rangeEnds;
  const rows = weightRows(trained, blockwise ? directions.shape.strips : null);
  const parameters = blockwise ? directions.shape.vectorFloats : parameterFloats(trained);
  const vectorBytes = parameters * 4;
  const balanced = isBalanced(config, { sync, threads, oversubscribed, seesDirections, parameters });
  const most = mostRows(batch, threads, shares, balanced ? mostShare : 1);
  const chunkSamples = seesDirections ? chunkImages : asMatrices ? matrixEvaluationChunk : evaluationChunk;
  const largest = Math.max(...Object.values(facts.parts).map(({ count }) => count));
  const slices = blockwise
    ? planStripSlices(directions.shape.strips, threads, shares)
    : units !== null
      ? planUnitSlices(layers, kernelRanges.length, units)
      : planSlices(trained, facts, kernelRanges, threads, batch, shares, balanced);
  // The padding of matrices is never written: it needs a section that stays zero.
  const gradientPlaceBytes =
    appliesAtOnce(sync, config.optimizer) && !asMatrices
      ? Math.max(...slices.flat().map(({ floats }) => floats * 4))
      : null;
  const chunks = Math.ceil(largest / chunkSamples);
  const scratchFloats = scratchFloatsOf(trained);
  const workspaces: WorkspaceSizes = {
    ...{ layers, shortcut },
    inputWidth: kernelRanges.length > 0 || blockwise ? 0 : input.width,
    ranges: input.rangeEnds.length,
    entryBytes: entries === 0 ? 0 : (entries + input.rangeEnds.length) * entryBytes,
    keepsSums: keepsSums(config),
    hasRows: !blockwise,
  };
  const control = arena.part('control', (take) => planControl(take, { threads, ringSteps, chunks }));
  const samples = arena.part('samples', (take) =>
    planSamples(take, {
      ...{ parts: facts.parts, packing: facts.packing, width: input.width },
      ...{ stored, ranges: input.rangeEnds.length },
      targetWidth: widthOf(facts.target),
      listed: !blockwise,
    }),
  );
  const places = arena.part('network', (take) => ({
    regions: planParameters(take, {
      ...{ layers, threads, features, ranges: input.rangeEnds.length, vectorBytes, scratchFloats },
      mostRows: most,
      columnPlaces: !input.gathers ? 0 : units === null || threads === 1 ? 1 : 2,
      gradientBytes:
        gradientBuffers(sync, threads) *
        (gradientPlaceBytes === null ? vectorBytes : threads * gradientPlaceBytes),
    }),
    derived: asMatrices ? layers.map(() => null) : planDerived(take, layers, entries > 0),
    training: planWorkspace(take, workspaces, batch, true),
    evaluation: Array.from({ length: threads }, () => planWorkspace(take, workspaces, chunkSamples, false)),
  }));
  const updater = arena.part('updater', (take) => planUpdater(take, config.optimizer, vectorBytes, rows));
  const stamps = arena.part('profile', (take) =>
    take(
      profile === null
        ? 0
        : (threads + 1) * stampDoubles({ steps: ringSteps, layers: trained.length, slices, chunks }) * 8,
    ),
  );
  const images = facts.parts.train.count;
  const selection = arena.part('selection', (take) =>
    planSelection(config, { threads, images, ringSteps }, take),
  );
  const dropout = arena.part('dropout', (take) => planDropout(config, take));
  const balance = balanced ? arena.part('balance', (take) => planBalance(take, threads, slices)) : null;
  const noise = arena.part('noise', (take) => planNoise(config, { threads, ringSteps }, take));
  const replicas = arena.part('replicas', (take) =>
    planReplicas(
      config,
      {
        ...{ threads, features, ranges: input.rangeEnds.length, gathers: input.gathers, layers, vectorBytes },
        sumsRanges: entries > 0,
        stateVectors: stateVectors(config.optimizer),
        gradientBytes: gradientPlaceBytes ?? vectorBytes,
        scratchBytes: scratchFloats * 4,
        training: (count) => planWorkspace(take, workspaces, count, true),
      },
      take,
    ),
  );
  const scores = blockwise
    ? null
    : arena.part('scores', (take) => planScores(take, facts, metric, config.model.members));
  const byUnits = units && arena.part('units', (take) => planUnits(take, units, layers, workspaces, batch));
  return {
    backend: config.backend.name,
    threads,
    threadsPerWorker: config.backend.name === 'tfjs-node' ? config.backend.threadsPerWorker : 1,
    profile,
    oversubscribed,
    shares,
    cpus: ranked?.map(({ cpu }) => cpu) ?? null,
    sync,
    heartbeatMs: config.parallel.heartbeat * 1000,
    syncReason,
    batch,
    mostRows: most,
    shardUnit: directions === null ? 1 : blockImages,
    outputs: facts.outputs,
    target: facts.target,
    loss: config.loss,
    metric,
    activation: config.model.activation,
    optimizer: config.optimizer,
    input,
    directions,
    ...{ layers, shortcut },
    weightRows: rows,
    gradientPlaceBytes,
    parameters,
    slices,
    parts: samples.parts,
    ringSteps,
    evaluationChunk: chunkSamples,
    scratchFloats,
    training: places.training,
    evaluation: places.evaluation,
    regions: {
      ...{ ...control, ...samples.regions, ...places.regions, ...updater, stamps },
      order: directions?.parts.train.order ?? samples.regions.order,
    },
    derived: places.derived,
    local: planLocal(config, images),
    replicas,
    dropout,
    selection,
    balance,
    units: byUnits,
    noise,
    scores,
    owners: arena.owners,
    bytes: arena.bytes,
  };
}

/** GELU's slope needs its sums. That of tanh and sigmoid needs their values, which stay there while units are left out. */
function keepsSums({ model, train }: Config): boolean {
  if (model.activation === 'gelu') return true;
  return model.activation !== 'relu' && dropoutRates({ model, train }).length > 0;
}

function inputPlan(
  facts: DataFacts,
  { features, entries }: Pick<InputPlan, 'features' | 'entries'>,
  layers: Plan['layers'],
  { threads, shares }: Pick<Plan, 'threads' | 'shares'>,
  asMatrices: boolean,
): InputPlan {
  const [first] = layers;
  const sparse = facts.packing === 'sparse';
  const starts = entries > 0 ? (facts.stored?.starts ?? null) : null;
  // Rows that are turned into a matrix are read whole; kernels read them by ranges.
  const kernelRanges =
    (sparse || entries > 0) && !asMatrices ? cutFeatures(facts.nonZeros, first, threads, shares, starts) : [];
  return {
    packing: facts.packing,
    features,
    width: Math.ceil(features / 16) * 16,
    entries,
    storedWidth: facts.stored?.fields ?? 0,
    scale: facts.scale,
    shifted: facts.shifted,
    shiftBits: asMatrices ? 0 : floorLog2(first.panelWidth * 4),
    rangeEnds: sparse && asMatrices ? [features] : kernelRanges,
    centredByOwner: kernelRanges.length > 0 && facts.shifted && wholePanels(first, threads, shares),
    gathers:
      sparse &&
      kernelRanges.length > 0 &&
      first.panelWidth === 64 &&
      chooseFirstLayer(first.outputs).gradient === 'gathered',
  };
}
