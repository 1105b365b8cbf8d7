import { Logger, type LoggerService } from '@nestjs/common';
import type { Clock } from '#kernel/clock';
import type { Position } from '#kernel/event';
import { verifyConsistency } from '#platform/merkle/verify-proofs';
import type { AuditTree } from '../tree/audit-tree.js';
import type { AuditKey } from './audit-key.js';
import { HistoryChanged, type SignedHeads, type StoredHead } from './signed-heads.js';
import { readHead, type SignedHead, signHead, verifySignedHead } from './signed-head.js';

/** A head that was signed before, and where it is known from. */
interface KnownHead {
  readonly from: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly at: string;
}

/**
 * Signs heads of the tree. Before each one it proves to itself that the tree begins with what was signed last, by the store and by the
 * note beside the key: what was restored to an older state, or changed, is not signed again as if nothing had been.
 */
export class HeadSigner {
  /** Other keys that have signed, told once. */
  readonly #foreign = new Set<string>();

  constructor(
    readonly key: AuditKey,
    private readonly heads: SignedHeads,
    private readonly tree: AuditTree,
    private readonly clock: Clock,
    private readonly logger: Pick<LoggerService, 'log' | 'warn'> = new Logger(HeadSigner.name),
  ) {}

  /**
   * The head of the tree of this size, whose last event stands at the position; the last one where the tree has not grown since.
   * Rejects with HistoryChanged.
   */
  async sign(size: number, position: Position): Promise<SignedHead | undefined> {
    const last = await this.heads.last();
    const root = await this.tree.root(size);
    for (const known of await this.#known(last)) await this.#check(known, size, root);
    if (size === (last?.head?.size ?? 0)) return last?.head;

    const note = await this.key.rememberedHead();
    const wasMine = note !== undefined && verifySignedHead(note, this.key.publicKey) !== undefined;
    const head = signHead({ size, root, at: this.clock.now().toISOString() }, position, this.key.privateKey);
    await this.heads.append(head, last);
    await this.key.remember(head.note);
    if (last?.head && last.head.keyId !== head.keyId) this.#warnOf(last.head.keyId, wasMine);
    return head;
  }

  /** Once for each key. Who signed before, and finds another's head now, has not come to be the new one. */
  #warnOf(other: string, wasMine: boolean): void {
    if (this.#foreign.has(other)) return;
    this.#foreign.add(other);
    const { keyId } = this.key;
    this.logger.warn(
      wasMine
        ? `Keys ${keyId} and ${other} sign the same log by turns: give all processes the same PERDURE_AUDIT_KEY_FILE.`
        : `Heads are signed with key ${keyId} from now on; up to here it was ${other}.`,
    );
  }

  async #known(last: StoredHead | undefined): Promise<KnownHead[]> {
    const known: KnownHead[] = [];
    if (last) {
      const { head } = last;
      if (!head) throw new HistoryChanged(`The head at revision ${last.revision} is not as it was signed. ${CURE}`);
      known.push({ from: 'the store', ...head, root: Buffer.from(head.root, 'base64') });
    }
    const note = await this.key.rememberedHead();
    if (note === undefined) return known;
    const remembered = readHead(note);
    if (!remembered) throw new HistoryChanged(`${this.key.headFile} is no signed head any more. ${CURE_OF_NOTE}`);
    return [...known, { from: this.key.headFile ?? 'memory', ...remembered }];
  }

  async #check(known: KnownHead, size: number, root: Uint8Array): Promise<void> {
    const signed = `${known.size} events were signed at ${known.at} (${known.from})`;
    if (known.size > size) {
      throw new HistoryChanged(`${signed}, but the store has ${size}: the others are gone. ${CURE} ${CURE_OF_NOTE}`);
    }
    const proof = await this.tree.consistency(known.size, size);
    const fromRoot = known.root;
    if (verifyConsistency({ from: known.size, fromRoot, to: size, toRoot: root, proof })) return;
    throw new HistoryChanged(`${signed}, and they are not the same any more. ${CURE} ${CURE_OF_NOTE}`);
  }
}

const CURE = 'Nothing is signed until this is looked into: `perdure audit verify` names the first event.';
const CURE_OF_NOTE = 'If an older state was restored on purpose, move audit.head beside the key away.';
