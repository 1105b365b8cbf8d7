import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#kernel/clock';
import { CLOCK } from '#platform/dispatch/dispatcher';
import { type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import type { AuditQuery } from '../audit-query.js';
import { AuditTree } from '../tree/audit-tree.js';
import type { ExportFormat } from './export-format.js';
import { FreshHeads } from './fresh-heads.js';
import { exportText } from './write-export.js';

/** Exports of a running store. */
@Injectable()
export class AuditExports {
  constructor(
    @Inject(STORED_EVENTS) private readonly stored: EventStore,
    @Inject(READ_STORE) private readonly documents: ReadStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly tree: AuditTree,
    private readonly heads: FreshHeads,
  ) {}

  /**
   * What the query finds, as {@link exportText} writes it. Rejects, before anything is written, with TreeIncomplete where the tree is
   * behind, and with HistoryChanged where the log is not what was signed.
   */
  async export(tenant: string, query: AuditQuery, format: ExportFormat): Promise<AsyncGenerator<string>> {
    const { privateKey } = await this.heads.key();
    const head = await this.heads.head();
    const order = { tenant, query, head, privateKey, exportedAt: this.clock.now() };
    const { stored, documents, tree } = this;
    return exportText({ stored, documents, tree }, order, format);
  }
}
