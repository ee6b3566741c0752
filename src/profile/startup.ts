/** The time from the start of the process to the first step, by stage. Milliseconds since the process started. */

export interface StartupStage {
  readonly name: string;
  readonly ms: number;
  readonly sinceStartMs: number;
  /** Runs in parallel with the stages around it, within another. */
  readonly beside: boolean;
}

export interface StartupMarks {
  /**
   * Node.js itself was up; the command began; data and kernels were ready; workers were ready; the run began; its first
   * step ended.
   */
  readonly node: number;
  readonly command: number;
  readonly configured: number;
  readonly ready: number;
  readonly workers: number;
  readonly run: number;
  readonly firstStep: number | null;
}

/** `phases`: times of `setUp` and `withSession`; loading the data and compiling the kernels overlap. */
export function startupStages(marks: StartupMarks, phases: Readonly<Record<string, number>>): StartupStage[] {
  const stages: StartupStage[] = [];
  let last = 0;
  const stage = (name: string, at: number) => {
    stages.push({ name, ms: at - last, sinceStartMs: at, beside: false });
    last = at;
  };
  const beside = (name: string) => {
    const ms = phases[name];
    if (ms !== undefined) stages.push({ name, ms, sinceStartMs: last, beside: true });
  };
  stage('process', marks.node);
  stage('imports', marks.command);
  stage('configuration', marks.configured);
  stage('data and kernels', marks.ready);
  for (const name of ['load data', 'compile kernels', 'load TensorFlow', 'prepare data']) beside(name);
  stage('memory and workers', marks.workers);
  stage('parameters', marks.run);
  if (marks.firstStep !== null) stage('first step', marks.firstStep);
  return stages;
}
