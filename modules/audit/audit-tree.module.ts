import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleInit,
  Optional,
} from '@nestjs/common';
import type { Clock } from '#kernel/clock';
import { Config } from '#platform/config/config';
import { CLOCK } from '#platform/dispatch/dispatcher';
import { type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import { Metrics } from '#platform/observability/metrics';
import { Readiness } from '#platform/observability/readiness';
import { Leases } from '#platform/projecting/leases';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { AuditTreeController } from './audit-tree.controller.js';
import { HeadSigner } from './heads/head-signer.js';
import { OwnKey } from './heads/own-key.js';
import { SignedHeads } from './heads/signed-heads.js';
import { AuditTree } from './tree/audit-tree.js';
import { auditTiles } from './tree/tiles.js';
import { TreeRunner } from './tree/tree-runner.js';

/** The tree and its signed heads, for whoever asks them. */
@Module({
  providers: [
    {
      provide: AuditTree,
      inject: [STORED_EVENTS, READ_STORE],
      useFactory: (events: EventStore, documents: ReadStore) => new AuditTree(events, documents),
    },
    { provide: SignedHeads, inject: [STORED_EVENTS], useFactory: (events: EventStore) => new SignedHeads(events) },
    OwnKey,
  ],
  exports: [AuditTree, SignedHeads, OwnKey],
})
export class AuditTreeStoreModule implements OnModuleInit {
  constructor(@Inject(READ_STORE) private readonly documents: ReadStore) {}

  /** Also where another process writes the tree. */
  onModuleInit(): Promise<void> {
    return this.documents.define(auditTiles);
  }
}

/** The public key, heads and proofs over HTTP. */
@Module({ imports: [AuditTreeStoreModule], controllers: [AuditTreeController], exports: [AuditTreeStoreModule] })
export class AuditTreeModule {}

/** Runs the tree as long as the application does. */
@Injectable()
class RunningTree implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  #runner: TreeRunner | undefined;

  constructor(
    @Inject(STORED_EVENTS) private readonly events: EventStore,
    @Inject(READ_STORE) private readonly documents: ReadStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly tree: AuditTree,
    private readonly heads: SignedHeads,
    private readonly ownKey: OwnKey,
    private readonly config: Config,
    @Optional() private readonly readiness?: Readiness,
    @Optional() private readonly metrics?: Metrics,
  ) {}

  onModuleInit(): void {
    const of = (name: 'size' | 'signed') => (): number => this.#runner?.status[name] ?? 0;
    this.metrics?.gauge('audit_tree_size', 'Events in the audit tree.', of('size'));
    this.metrics?.gauge('audit_signed_size', 'Events that the last signed head covers.', of('signed'));
    const help = '1 where no head is signed any more, because the log is not what was signed.';
    this.metrics?.gauge('audit_refused', help, () => (this.#runner?.status.refusal === undefined ? 0 : 1));
    this.readiness?.addDispensable('audit', async () => {
      const { refusal } = this.#runner?.status ?? {};
      if (refusal !== undefined) throw new Error(refusal);
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    const signer = new HeadSigner(await this.ownKey.load(), this.heads, this.tree, this.clock);
    const leases = this.documents.shared ? new Leases(this.documents) : undefined;
    const options = { signEvery: this.config.auditEvery, leases };
    this.#runner = new TreeRunner(this.events, this.documents, this.tree, signer, options);
    await this.#runner.start();
  }

  /** Before the stores close, which they do in `onApplicationShutdown`. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#runner?.stop();
  }
}

/** The work behind it: for a process that runs projections, too. */
@Module({ imports: [AuditTreeStoreModule], providers: [RunningTree] })
export class AuditTreeWorkModule {}
