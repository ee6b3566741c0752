/** docs/api.md: each public name with its comment and its declaration, in the words and the order of the source. */

interface Declaration {
  readonly kind: string;
  readonly name: string;
  /** Without its slashes and stars. */
  readonly comment: string;
  readonly code: string;
}

/** The order of the page. */
const sections: readonly (readonly [title: string, kinds: readonly string[]])[] = [
  ['Functions', ['function']],
  ['Classes', ['class']],
  ['Types', ['interface', 'type', 'enum']],
  ['Constants', ['const']],
];

const opening = `# Programming interface

\`import { … } from 'shardstep'\`, or \`require('shardstep')\` from CommonJS on Node 20.19 and later. \`npm run docs\` writes this
page from the types of the package.`;

/**
 * `declarations`: as API Extractor writes them, an empty line between two of them and none within.
 * @throws for a declaration that has no place on the page.
 */
export function apiPage(declarations: string): string {
  const all = declarations
    .trim()
    .split(/\n\n(?=\S)/)
    .filter((block) => !/^(import .*|\/\/\/ .*|export \{ \})$/.test(block))
    .map(read);
  const parts = sections.flatMap(([title, kinds]) => {
    const own = all.filter(({ kind }) => kinds.includes(kind));
    const names = [...new Set(own.map(({ name }) => name))].sort();
    if (names.length === 0) return [];
    return [
      `## ${title}`,
      ...names.map((name) =>
        entry(
          name,
          own.filter((each) => each.name === name),
        ),
      ),
    ];
  });
  return `${[opening, ...parts].join('\n\n')}\n`;
}

function read(block: string): Declaration {
  const [, comment = '', code = ''] = /^(?:\/\*\*([\s\S]*?)\*\/\n)?([\s\S]*)$/.exec(block) ?? [];
  const declared = code.replace(/^(export )?(declare )?/, '').replace(/^ {4,}/gm, halved);
  const [, kind = '', name = ''] = /^(?:abstract )?(\w+) (\w+)/.exec(declared) ?? [];
  if (!sections.some(([, kinds]) => kinds.includes(kind)))
    throw new Error(`docs/api.md: expected a declaration of a known kind, got ${block.slice(0, 200)}`);
  return { kind, name, comment: prose(comment), code: declared };
}

/** The compiler indents by four spaces. */
const halved = (indent: string) => ' '.repeat(Math.ceil(indent.length / 2));

/** Overloads share a heading. */
function entry(name: string, same: readonly Declaration[]): string {
  const comments = same.map(({ comment }) => comment).filter((text) => text !== '');
  const code = same.map((each) => each.code).join('\n');
  return [`### ${name}`, ...comments, `\`\`\`ts\n${code}\n\`\`\``].join('\n\n');
}

/** Marked lines (`@throws …`) become a list, an example a block of code. */
function prose(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trim());
  const text = lines
    .join('\n')
    .trim()
    .replace(/^@example\n([\s\S]*?)(?=\n@|$(?![\s\S]))/gm, '```ts\n$1\n```');
  const list = text.replace(
    /^@(\w+) (?:(\w+) - )?/gm,
    (_, tag, of) => `- *${tag}*${of ? ` \`${of}\`` : ''}: `,
  );
  // Markdown wants an empty line before a list.
  return list.replace(/^(?!- \*)(.+)\n(?=- \*)/gm, '$1\n\n');
}
