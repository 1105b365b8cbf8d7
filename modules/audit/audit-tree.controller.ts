import { Controller, Get, Inject } from '@nestjs/common';
import { InvalidInput } from '#kernel/errors';
import { comparePositions, type Position } from '#kernel/event';
import { type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import { QueryEndpoint } from '#platform/http/endpoint';
import { Parameters } from '#platform/http/input';
import type { PageOf } from '#platform/http/paging';
import {
  AuditKeyView,
  base64,
  ConsistencyParameters,
  ConsistencyView,
  HeadListParameters,
  HeadView,
  headView,
  InclusionParameters,
  InclusionView,
} from './audit-tree.views.js';
import { headPage } from './heads/head-page.js';
import { OwnKey } from './heads/own-key.js';
import { SignedHeads } from './heads/signed-heads.js';
import { originOf, type SignedHead } from './heads/signed-head.js';
import { keyIdOf, publicKeyOf, verifierKey } from './heads/signed-note.js';
import { AuditTree } from './tree/audit-tree.js';
import { NoSuchHead, NoSuchLeaf, TreeIncomplete } from './tree/tree.errors.js';

/** What is needed to verify that nobody has changed the log: docs/guides/audit.md. */
@Controller('api/v1/audit')
export class AuditTreeController {
  constructor(
    private readonly tree: AuditTree,
    private readonly heads: SignedHeads,
    private readonly ownKey: OwnKey,
    @Inject(STORED_EVENTS) private readonly events: EventStore,
  ) {}

  @Get('key')
  @QueryEndpoint({
    summary: 'Get the public key that the log is signed with',
    description:
      'The one that signed the latest head, or that will sign the first one. Trust it only if you know it from elsewhere, too.',
    answer: AuditKeyView,
    errors: ['audit-head-not-found', 'audit-key-unusable'],
  })
  async key(): Promise<AuditKeyView> {
    const signed = (await this.heads.last())?.head?.publicKey;
    const key =
      signed === undefined ? (await this.ownKey.existing())?.publicKey : publicKeyOf(Buffer.from(signed, 'base64'));
    // Whoever runs the projections has not come to make one.
    if (!key) throw new NoSuchHead();
    const keyId = keyIdOf(key);
    const pem = key.export({ type: 'spki', format: 'pem' }) as string;
    return { keyId, pem, verifier: verifierKey(originOf(key), key) };
  }

  @Get('heads')
  @QueryEndpoint({
    summary: 'List the signed heads, the latest first',
    description: 'One for every PERDURE_AUDIT_EVERY seconds in which the log has grown.',
    paged: true,
    answer: HeadView,
    errors: ['invalid-cursor'],
  })
  list(@Parameters() parameters: HeadListParameters): Promise<PageOf<HeadView>> {
    return headPage(this.heads, parameters);
  }

  @Get('heads/latest')
  @QueryEndpoint({ summary: 'Get the latest signed head', answer: HeadView, errors: ['audit-head-not-found'] })
  async latest(): Promise<HeadView> {
    const { head, revision } = await this.#latest();
    return headView(head, revision);
  }

  @Get('proofs/inclusion')
  @QueryEndpoint({
    summary: 'Prove that an event stands in the log',
    description:
      'Name it by `event` or by `position`; some event stores find only the first event of a command by its id. `hashes` lead from the leaf to the root (RFC 9162, section 2.1.3).',
    answer: InclusionView,
    errors: ['audit-leaf-not-found', 'audit-tree-incomplete'],
  })
  async inclusion(@Parameters() parameters: InclusionParameters): Promise<InclusionView> {
    const position = await this.#positionOf(parameters);
    const index = await this.tree.indexOf(position);
    if (index === undefined) throw await this.#missing(position);
    const size = parameters.size ?? (await this.#sizeFor(index));
    if (index >= size) {
      throw new InvalidInput([
        { pointer: '/query/size', detail: `The event is leaf ${index}: give at least ${index + 1}.` },
      ]);
    }
    const [leafHash] = await this.tree.leafHashes(index, index + 1);
    const [hashes, root] = [await this.tree.inclusion(index, size), await this.tree.root(size)];
    return { index, size, position, leafHash: base64(leafHash!), root: base64(root), hashes: hashes.map(base64) };
  }

  @Get('proofs/consistency')
  @QueryEndpoint({
    summary: 'Prove that the log only grew between two sizes',
    description: '`hashes` as RFC 9162, section 2.1.4, has them.',
    answer: ConsistencyView,
    errors: ['audit-tree-incomplete'],
  })
  async consistency(@Parameters() { from, to }: ConsistencyParameters): Promise<ConsistencyView> {
    if (from > to) throw new InvalidInput([{ pointer: '/query/from', detail: 'It must not be more than `to`.' }]);
    const roots = [await this.tree.root(from), await this.tree.root(to)].map(base64);
    const hashes = (await this.tree.consistency(from, to)).map(base64);
    return { from, to, fromRoot: roots[0]!, toRoot: roots[1]!, hashes };
  }

  async #latest(): Promise<{ head: SignedHead; revision: number }> {
    const last = await this.heads.last();
    if (!last?.head) throw new NoSuchHead();
    return { head: last.head, revision: last.revision };
  }

  async #positionOf({ event, position }: InclusionParameters): Promise<Position> {
    if ((event === undefined) === (position === undefined)) {
      throw new InvalidInput([{ pointer: '/query/event', detail: 'Give either `event` or `position`.' }]);
    }
    if (event === undefined) return position!;
    const found = await this.events.find(event);
    if (!found) throw new NoSuchLeaf(`Event '${event}'`);
    return found.position;
  }

  /** The tree follows by a moment; what is of a system stream never comes into it. */
  async #missing(position: Position): Promise<Error> {
    const reached = await this.tree.reached();
    const next = await this.events.readAll({ position: reached, hidden: true });
    const isFar = !next.end && comparePositions(position, next.position) > 0;
    if (isFar || next.events.some((event) => event.position === position)) return new TreeIncomplete();
    return new NoSuchLeaf(`The event at position ${position}`);
  }

  async #sizeFor(index: number): Promise<number> {
    const signed = (await this.heads.last())?.head?.size ?? 0;
    return index < signed ? signed : this.tree.size();
  }
}
