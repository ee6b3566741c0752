/** A report as Markdown, with its charts as SVG files beside it. */
import { markdownTable } from 'markdown-table';
import type { Block, Report, Table } from './document.js';

/** `charts`: the folder of the SVG files, relative to the page. */
export function markdownPage(report: Report, charts: string): string {
  const notices = ['## Damaged logs', 'The readable part is used below.', bullets(report.notices)];
  const leftOut = ['## Omitted', bullets(report.leftOut.map(({ title, reason }) => `${title}: ${reason}`))];
  return `${[
    `# ${escapeMarkdown(report.title)}`,
    escapeMarkdown(report.summary),
    ...(report.notices.length > 0 ? notices : []),
    ...report.sections.flatMap(({ title, blocks }) => [
      `## ${escapeMarkdown(title)}`,
      ...blocks.flatMap((content) => block(content, charts)),
    ]),
    ...(report.leftOut.length > 0 ? leftOut : []),
  ].join('\n\n')}\n`;
}

/** Escaped text: it creates no markup, links, HTML or new cells. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_[\]<>|#~$]/g, (character) => `\\${character}`)
    .replace(/&/g, '&amp;')
    .replace(/\s+/g, ' ')
    .replace(/(https?|www)(:|\.)/gi, '$1&#8203;$2');
}

const bullets = (items: readonly string[]) => items.map((item) => `- ${escapeMarkdown(item)}`).join('\n');

function block(content: Block, charts: string): string[] {
  switch (content.kind) {
    case 'words':
      return [escapeMarkdown(content.text)];
    case 'table':
      return [`**${escapeMarkdown(content.title)}**`, tableMarkdown(content.table)];
    case 'figures':
      return content.figures.flatMap(({ name, title, caption }) => [
        `![${escapeMarkdown(title)}](${charts}/${name}.svg)`,
        `*${escapeMarkdown(title)}.* ${escapeMarkdown(caption)}`,
      ]);
  }
}

const tableMarkdown = ({ heading, align, rows }: Table) =>
  markdownTable(
    [heading, ...rows].map((row) => row.map(escapeMarkdown)),
    { align: [...(align ?? heading.map(() => 'l' as const))] },
  );
