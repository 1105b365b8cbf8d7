import type { KeyObject } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { Help, Option, SubCommand } from 'nest-commander';
import { DomainError } from '#kernel/errors';
import { readPublicKey } from '#modules/audit/heads/signed-note';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import { CommandFailed, EXIT, UsageError } from '../exit-codes.js';
import { printJson, printLine } from '../output/print.js';
import { ProgressBar } from '../output/progress-bar.js';

const EXAMPLES = `
The public key is all that has to be trusted: keep a copy of it, and of the last signed head, where nobody changes the store.
With --data or --store the store itself is verified, which no server may have open; without them, what the server exports.

Examples:
  perdure audit verify --key audit.pub --data ./data
  perdure audit verify --key audit.pub --export 2026.ndjson
  perdure audit verify --key audit.pub --key audit.pub.before --data ./data
  perdure audit verify --key audit.pub --url http://localhost:3000`;

interface VerifyOptions extends ApiOptions {
  readonly key: readonly string[];
  readonly export?: string;
  readonly store?: string;
  readonly readStore?: string;
}

@SubCommand({
  name: 'verify',
  description:
    'verify a store or an export with the public key: names the first event that was changed, removed or inserted',
})
export class AuditVerifyCommand extends ApiCommand {
  @Option({
    flags: '--key <file>',
    description: 'the public key, PEM; once for each key that has signed',
    required: true,
  })
  key(file: string, before: readonly string[] = []): readonly string[] {
    return [...before, file];
  }

  @Option({ flags: '--export <file>', description: 'verify an export: .ndjson or .csv' })
  export(file: string): string {
    return file;
  }

  @Option({ flags: '--store <url>', description: 'verify an event store that is not in a folder' })
  store(url: string): string {
    return url;
  }

  @Option({ flags: '--read-store <url>', description: 'its read store, whose hashes tell which event it was' })
  readStore(url: string): string {
    return url;
  }

  @Help('after')
  examples(): string {
    return EXAMPLES;
  }

  override async run(_: string[], options: VerifyOptions): Promise<void> {
    const keys = (await Promise.all(options.key.map(publicKeysIn))).flat();
    const { data, store = data && `sqlite:${data}/perdure.db`, readStore = data && store } = options;
    try {
      if (options.export !== undefined)
        await this.#verifyExport(createReadStream(options.export), options.export, keys, options);
      else if (store !== undefined) await verifyStoreAt(store, readStore, keys, options);
      else {
        await this.withApi(options, async (api) => {
          await this.#verifyExport(await api.body('/api/v1/audit/export'), '.ndjson', keys, options);
        });
      }
    } catch (error) {
      throw error instanceof DomainError ? new CommandFailed(error.message) : error;
    }
  }

  async #verifyExport(
    input: AsyncIterable<Uint8Array>,
    name: string,
    keys: readonly KeyObject[],
    { json }: ApiOptions,
  ): Promise<void> {
    const [{ verifyExport }, { EXPORT_FORMATS }] = await Promise.all([
      import('#modules/audit/export/verify-export'),
      import('#modules/audit/export/export-format'),
    ]);
    const format = extname(name) === '.csv' ? EXPORT_FORMATS.csv : EXPORT_FORMATS.ndjson;
    const verdict = await verifyExport(input, keys, format);
    if (json) printJson(verdict);
    if (!verdict.sound) {
      const { line, detail } = verdict.problem;
      throw new CommandFailed(json ? 'Not as it was signed.' : `Line ${line}: ${detail}`, EXIT.different);
    }
    if (!json)
      printLine(`Sound: ${verdict.records} events, each as it was signed; head of ${verdict.head.size} events.`);
  }
}

async function verifyStoreAt(
  url: string,
  readStore: string | undefined,
  keys: readonly KeyObject[],
  { json }: ApiOptions,
): Promise<void> {
  const [{ verifyStore }, stores] = await Promise.all([
    import('#modules/audit/verify/verify-store'),
    import('#platform/stores/open-stores'),
  ]);
  const file = /^sqlite:(.+)$/.exec(url)?.[1];
  if (file !== undefined && !existsSync(file)) throw new CommandFailed(`There is no store at ${url}.`);
  const bar = new ProgressBar(process.stderr, 'events');
  const events = await stores.openEventStore(url);
  try {
    const tiles = readStore === undefined ? undefined : await stores.openReadStore(readStore);
    try {
      const onProgress = ({ done, total }: { done: number; total: number }): void => {
        bar.show(done, total > 0 ? Math.min(1, done / total) : undefined);
      };
      const result = await verifyStore(events, { publicKeys: keys, tiles, onProgress });
      bar.clear();
      const { intact, findings, heads, covered, uncovered } = result;
      if (json) printJson(result);
      else {
        for (const { detail } of findings) printLine(detail);
        printLine(
          `${result.events} events: ${covered} as they were signed by ${heads} heads, ${uncovered} not signed yet.`,
        );
      }
      if (!intact) throw new CommandFailed('The log is not proven to be as it was signed.', EXIT.different);
    } finally {
      await tiles?.close();
    }
  } finally {
    await events.close();
  }
}

/** A file may have several, one below the other. */
async function publicKeysIn(file: string): Promise<KeyObject[]> {
  if (!existsSync(file)) throw new UsageError(`There is no public key at ${file}: GET /api/v1/audit/key has it.`);
  const text = await readFile(file, 'utf8');
  const keys = text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [text];
  try {
    return keys.map((key) => readPublicKey(key));
  } catch {
    throw new UsageError(`${file} is no Ed25519 public key in PEM: GET /api/v1/audit/key has it.`);
  }
}
