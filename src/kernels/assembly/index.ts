// The WebAssembly kernels, in AssemblyScript: everything that touches numbers in the step loop.
// All pointers are byte offsets into the one shared memory; all matrices are row-major float32 unless a
// comment says otherwise. Legend: B rows of a batch, I inputs and O outputs of a layer, P input features.
//
// Pairs of 128-bit operations on neighbouring addresses are written so that V8 joins them into one 256-bit
// operation (--experimental-wasm-revectorize): the low half is loaded first, the HIGH half is stored first.
export { locateRows, gatherRows, centredBias } from './inputs';
export { sparseForward64, sparseGradient64 } from './sparse64';
export { sparseForward16, sparseGradient16 } from './sparse16';
export { matmul16 } from './matmul';
export { activate, activateBackward } from './activation';
export { softmaxCrossEntropy } from './loss';
export { columnSum, addInto, negativeOuter, transposeRows } from './gradient';
export { sgd, adam } from './update';
