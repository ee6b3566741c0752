/**
 * What Piscina loads. It would load the task's module with `require`, and Node.js 20 ends the whole process when a worker is
 * terminated while it requires an ES module; importing one can be interrupted.
 */
module.exports = import('./index.js').then(({ default: runRank }) => runRank);
