// The WebAssembly kernels, in AssemblyScript: all arithmetic of the step loop.
// All pointers are byte offsets into the one shared memory. Matrices are float32. Those with a row for each sample are
// in panels of 16 columns, [panel][rows][16]; the others are row by row unless a comment states otherwise. Legend: B
// rows of a batch, I inputs and O outputs of a layer, P input features.
//
// Pairs of 128-bit operations on neighbouring addresses are written so that V8 joins them into one 256-bit operation
// (--experimental-wasm-revectorize): the low half is loaded first, the HIGH half is stored first.
export { packRows, locateRows, gatherRows, gatherFloats, centredBias } from './inputs';
export { expandRows } from './expand';
export { expandEntries, sumRanges, sumRangeGradients } from './expand-entries';
export { poolImages, countBytes, countShorts, packShorts } from './samples';
export { sparseForward64, sparseGradient64 } from './sparse64';
export { sparseForward16, sparseGradient16 } from './sparse16';
export { turnRows, sparseGather64 } from './columns';
export { matmul16 } from './matmul';
export { packActive, activeForward64 } from './active';
export { outer16 } from './outer';
export { activate, activateBackward } from './activation';
export { dropout, dropoutBackward } from './dropout';
export { softmaxCrossEntropy } from './loss';
export { columnSum, addInto, negativeOuter, transposeRows } from './gradient';
export { multiply, sgd, adam, lars, rowSquares } from './update';
