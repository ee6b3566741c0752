/** The report's discussion: which variants helped and which did not, by the verdicts of the studies. */
import type { StudyRecord } from '../../dist/study/study-record.js';
import type { Finding } from '../../dist/study/summary.js';

interface Verdict {
  readonly finding: Finding;
  readonly line: string;
}

export function discussion(studies: readonly StudyRecord[]): string[] {
  const title = '## Discussion';
  const verdicts = studies.flatMap(({ comparisons }) =>
    comparisons
      .filter(({ slug }) => slug !== 'time-against-accuracy')
      .flatMap(({ name, baseline, variants }) =>
        variants.map(
          ({ label, finding, verdict }): Verdict => ({
            finding,
            line: `- ${name}, ${label} (against ${baseline}): ${verdict}`,
          }),
        ),
      ),
  );
  if (verdicts.length === 0) return [title, 'No study has been recorded yet.'];
  const group = (finding: Finding, heading: string) => {
    const lines = verdicts.filter((each) => each.finding === finding).map(({ line }) => line);
    return lines.length === 0 ? [] : [`### ${heading}`, lines.join('\n')];
  };
  return [
    title,
    'By the verdicts of the studies: a difference counts when its 99 % interval over paired seeds leaves out zero. That is ' +
      'a statement about seeds on the same held-out images, not about other data; a small n can hide a small effect; rates ' +
      'were chosen on the same split, and only some variants had theirs chosen anew.',
    ...group('helps', 'What helped'),
    ...group('no difference', 'What made no difference that these runs can show'),
    ...group('hurts', 'What did not help'),
    ...group('diverges', 'What diverged'),
  ];
}
