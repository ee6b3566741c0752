/** Thrown out of a wait when the abort word is set. */
export class Aborted extends Error {}
