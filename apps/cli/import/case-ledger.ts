/** What is known of a case: all that an import keeps in memory, whatever the size of the file. */
interface Entry {
  rows: number;
  /** Digest of the case's own data as it was last sent. */
  sent: string;
}

/** Counts the rows of each case and remembers which data of the case was sent last. */
export class CaseLedger {
  readonly #entries = new Map<string, Entry>();

  get cases(): number {
    return this.#entries.size;
  }

  /** The place of the next row among the rows of its case, from 0. */
  nextOrdinal(id: string): number {
    const entry = this.#entries.get(id);
    if (entry) return entry.rows++;
    this.#entries.set(id, { rows: 1, sent: '' });
    return 0;
  }

  /** Whether this digest differs from that of the last call. */
  isNew(id: string, digest: string): boolean {
    const entry = this.#entries.get(id)!;
    if (entry.sent === digest) return false;
    entry.sent = digest;
    return true;
  }

  /** The server refused the row that carried the case's data: the next row carries it again. */
  forgetSent(id: string): void {
    this.#entries.get(id)!.sent = '';
  }
}
