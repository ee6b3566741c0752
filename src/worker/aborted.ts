/** Thrown by a wait if the abort word is set. */
export class Aborted extends Error {}
