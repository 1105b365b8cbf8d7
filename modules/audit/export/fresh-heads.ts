import { setTimeout } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '#kernel/clock';
import { comparePositions, START } from '#kernel/event';
import { CLOCK } from '#platform/dispatch/dispatcher';
import { WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import { type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import type { AuditKey } from '../heads/audit-key.js';
import { HeadSigner } from '../heads/head-signer.js';
import { OwnKey } from '../heads/own-key.js';
import { signHead, type SignedHead } from '../heads/signed-head.js';
import { HistoryChanged, SignedHeads } from '../heads/signed-heads.js';
import { AuditTree } from '../tree/audit-tree.js';
import { treeProgress } from '../tree/tree-checkpoint.js';
import { TreeIncomplete } from '../tree/tree.errors.js';

/** The tree looks at the store every second. */
const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 10_000;

/** Heads of the tree as it is now, for who cannot wait for the next one that is signed on schedule. */
@Injectable()
export class FreshHeads {
  constructor(
    @Inject(STORED_EVENTS) private readonly events: EventStore,
    @Inject(READ_STORE) private readonly documents: ReadStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly tree: AuditTree,
    private readonly heads: SignedHeads,
    private readonly ownKey: OwnKey,
  ) {}

  /** The key of this process, made where there is none yet. Rejects with AuditKeyMissing where others have another one. */
  key(): Promise<AuditKey> {
    return this.ownKey.load();
  }

  /**
   * A head over everything that was stored before the call, signed with the key. Rejects with TreeIncomplete where the tree is not there
   * within seconds, with HistoryChanged where it must not be signed.
   */
  async head(): Promise<SignedHead> {
    const { events } = await this.events.readAll({ direction: 'backwards', hidden: true, limit: 1 });
    const last = events[0]?.position ?? START;
    const key = await this.key();
    const head = (await this.#signed(last)) ?? (await this.#sign(last, key));
    if (head.keyId === key.keyId) return head;
    // The log was signed with another key up to here, and has not grown since. What is signed again is the same.
    const root = Buffer.from(head.root, 'base64');
    return signHead({ size: head.size, root, at: this.clock.now().toISOString() }, head.position, key.privateKey);
  }

  /** The last head, where it covers the event at this position. */
  async #signed(position: string): Promise<SignedHead | undefined> {
    const head = (await this.heads.last())?.head;
    return head && comparePositions(head.position, position) >= 0 ? head : undefined;
  }

  async #sign(position: string, key: AuditKey): Promise<SignedHead> {
    const signer = new HeadSigner(key, this.heads, this.tree, this.clock, new Logger('Audit'));
    for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline;) {
      const progress = await treeProgress(this.documents);
      if (progress && comparePositions(progress.position, position) >= 0) {
        try {
          return (await signer.sign(progress.size, progress.position)) ?? this.#empty(key);
        } catch (error) {
          // The tree's own schedule may have been faster.
          const other = await this.#signed(position);
          if (other) return other;
          if (error instanceof HistoryChanged || !(error instanceof WrongExpectedRevision)) throw error;
        }
      } else if (position === START) return this.#empty(key);
      await setTimeout(LOOK_EVERY_MS);
    }
    throw new TreeIncomplete();
  }

  async #empty({ privateKey }: AuditKey): Promise<SignedHead> {
    return signHead({ size: 0, root: await this.tree.root(0), at: this.clock.now().toISOString() }, START, privateKey);
  }
}
