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
  /** What API Extractor finds wrong, a line each: above all a type that is used and not exported. */
  readonly problems: readonly string[];
}

/** Our comments are plain text: the marks `@public` and TSDoc's rules of escaping are not used. */
const ignored = /^(ae-missing-release-tag|ae-unresolved-link|tsdoc-.*|console-.*)$/;

/** @throws if the declarations do not compile. */
export function extractApi(root: string): PublicApi {
  const folder = mkdtempSync(join(tmpdir(), 'shardstep-api-'));
  const typesFile = join(folder, 'index.d.ts');
  const entry = join(root, 'dist/index.d.ts');
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
        dtsRollup: { enabled: true, untrimmedFilePath: typesFile },
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
    return { declarations: readFileSync(typesFile, 'utf8'), problems };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
