import type { BatchClient, BatchResult } from './batch-client.js';
import { describe } from './batch-client.js';
import type { CaseLedger } from './case-ledger.js';
import { isBad, type BadRow, type LogRows } from './log-row.js';
import type { RowCommand, RowMapping } from './row-mapping.js';

/** What became of the rows. */
export interface ImportCounts {
  /** Rows read, good and bad. */
  rows: number;
  /** Rows that became events now. */
  added: number;
  /** Rows that an earlier run brought in. */
  known: number;
  /** Rows that are no events: illegible, or refused by the server. */
  refused: number;
}

export interface ImportOptions {
  /** Most rows in a batch. */
  readonly batch: number;
  /** Ends the import at the first bad row. */
  readonly strict: boolean;
  readonly onBadRow: (row: BadRow) => void;
  readonly onProgress: (counts: ImportCounts) => void;
}

/** Text of a batch, in UTF-16 code units, after which it is sent: well below what the API takes in one request. */
const ENOUGH = 4 * 2 ** 20;

/** Moves rows from a log to the server in their order: one batch is on its way while the next one is being read. */
export class Importer {
  readonly #counts: ImportCounts = { rows: 0, added: 0, known: 0, refused: 0 };
  #batch: RowCommand[] = [];
  #batchLength = 0;
  #onItsWay: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    private readonly mapping: RowMapping,
    private readonly ledger: CaseLedger,
    private readonly client: BatchClient,
    private readonly options: ImportOptions,
  ) {}

  /** Reads to the end, or to the first bad row where the import is strict. Throws CommandFailed when it cannot go on. */
  async run(rows: LogRows): Promise<ImportCounts> {
    try {
      for await (const row of rows) {
        this.#counts.rows++;
        const command = isBad(row) ? row : this.mapping.commandOf(row);
        if (isBad(command)) await this.#refuseUnsent(command);
        else await this.#add(command);
        if (this.#stopped) break;
      }
    } finally {
      // What was read before a broken place in the file is worth keeping.
      await this.#flush();
    }
    return this.#counts;
  }

  async #add(command: RowCommand): Promise<void> {
    this.#batch.push(command);
    this.#batchLength += command.json.length;
    if (this.#batch.length >= this.options.batch || this.#batchLength >= ENOUGH) await this.#sendBatch();
  }

  async #refuseUnsent(row: BadRow): Promise<void> {
    if (this.options.strict) await this.#flush();
    this.#refuse(row);
  }

  async #flush(): Promise<void> {
    await this.#sendBatch();
    await this.#onItsWay;
  }

  async #sendBatch(): Promise<void> {
    await this.#onItsWay;
    if (this.#batch.length === 0 || this.#stopped) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#batchLength = 0;
    this.#onItsWay = this.#deliver(batch);
    // Its failure is for whoever waits for it next; until then it is not unhandled.
    this.#onItsWay.catch(() => {});
  }

  async #deliver(batch: readonly RowCommand[]): Promise<void> {
    const results = await this.client.send(batch.map(({ json }) => json));
    batch.forEach((command, index) => this.#settle(command, results[index]!));
    this.options.onProgress(this.#counts);
  }

  #settle(command: RowCommand, result: BatchResult): void {
    // The key stands for the row: sent with other data of its case, or under other names, it is still the same row.
    if (result.replayed || result.problem?.code === 'idempotency-key-reused') this.#counts.known++;
    else if (!result.problem) this.#counts.added++;
    else {
      if (command.sets) this.ledger.forgetSent(command.id);
      this.#refuse({ line: command.line, problem: describe(result.problem) });
    }
  }

  #refuse(row: BadRow): void {
    if (this.#stopped) return;
    this.#counts.refused++;
    this.options.onBadRow(row);
    this.#stopped = this.options.strict;
  }
}
