/**
 * The public types, from dist/index.d.ts, by API Extractor. It has a TypeScript compiler of its own: TypeScript 7 has
 * no programming interface yet.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

export interface PublicApi {
  /** One declaration file with everything that `index` exports, and nothing else. */
  readonly declarations: string;
  /** What is wrong, a line each: above all a type that is used and not exported. */
  readonly problems: readonly string[];
}

/** Our comments are plain text: the marks `@public` and TSDoc's rules of escaping are not used. */
const ignored = /^(ae-missing-release-tag|ae-forgotten-export|ae-unresolved-link|tsdoc-.*|console-.*)$/;

/** `module`: below dist/. @throws if the declarations do not compile. */
export function extractApi(root: string, module = 'index'): PublicApi {
  const folder = mkdtempSync(join(tmpdir(), 'shardstep-api-'));
  const typesFile = join(folder, 'index.d.ts');
  const entry = join(root, `dist/${module}.d.ts`);
  const problems: string[] = [];
  try {
    const config = ExtractorConfig.prepare({
      configObject: {
        projectFolder: root,
        mainEntryPointFilePath: entry,
        compiler: {
          overrideTsconfig: {
            compilerOptions: {
              target: 'es2023',
              module: 'nodenext',
              moduleResolution: 'nodenext',
              strict: true,
              types: ['node'],
            },
            files: [entry],
          },
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: true, publicTrimmedFilePath: typesFile },
        apiReport: { enabled: false },
        tsdocMetadata: { enabled: false },
        newlineKind: 'lf',
      },
      configObjectFullPath: undefined,
      packageJsonFullPath: join(root, 'package.json'),
    });
    Extractor.invoke(config, {
      localBuild: true,
      messageCallback(message) {
        message.handled = true;
        if (ignored.test(message.messageId) || message.logLevel === ExtractorLogLevel.Verbose) return;
        problems.push(`${message.messageId}: ${message.text}`);
      },
    });
    const declarations = publicOnly(readFileSync(typesFile, 'utf8'));
    for (const [, name] of declarations.matchAll(
      /^declare (?:\w+ )*?(?:interface|type|class|const|function) (\w+)/gm,
    ))
      problems.push(`${name} is used by public types: src/${module}.ts must export it`);
    return { declarations, problems };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Without members marked `@internal`, and without the types that only those use. `using` needs a library of types that
 * consumers may not have selected.
 */
function publicOnly(text: string): string {
  const kept = text
    .replace(/\/\* Excluded from this release type: __constructor \*\//g, 'private constructor();')
    .replace(/^ *\/\* Excluded from this release type: .*\*\/\n/gm, '');
  let blocks = kept.split(/\n\n(?=\S)/);
  for (let count = 0; count !== blocks.length; ) {
    count = blocks.length;
    blocks = blocks.filter((block, i) => {
      const name = /^(?:\/\*\*[\s\S]*?\*\/\n)?declare (?:\w+ )+?(\w+)\b(?!\s+\w)/.exec(block)?.[1];
      if (name === undefined) return true;
      return blocks.some((other, k) => k !== i && new RegExp(`\\b${name}\\b`).test(other));
    });
  }
  const disposable = kept.includes('Symbol.asyncDispose')
    ? '/// <reference lib="esnext.disposable" />\n\n'
    : '';
  return disposable + blocks.join('\n\n');
}
