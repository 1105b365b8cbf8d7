import { Integer, ListOf, Optional, Text, Timestamp } from '#platform/commands/fields';
import type { Schema } from '#platform/commands/fields';
import { PageParameters } from '#platform/http/paging';
import type { SignedHead } from './heads/signed-head.js';

/** The key that heads are signed with now. */
export class AuditKeyView {
  @Text() keyId: string;
  @Text({ schema: { description: 'SPKI in PEM. Keep a copy where nobody who can change the store can change it.' } })
  pem: string;
  @Text({ schema: { description: 'The same key as tools for signed notes (C2SP) take it.' } })
  verifier: string;
}

/** A signed head: what the log was at a moment. */
export class HeadView {
  @Integer({ min: 0 }) revision: number;
  @Integer({ min: 0 }) size: number;
  @Text({ schema: { contentEncoding: 'base64' } }) root: string;
  @Timestamp() at: string;
  @Text() position: string;
  @Text() keyId: string;
  @Text({ schema: { contentEncoding: 'base64' } }) publicKey: string;
  @Text({ max: 10_000, schema: { description: 'A signed checkpoint (C2SP tlog-checkpoint).' } }) note: string;
}

export function headView({ size, root, at, position, keyId, publicKey, note }: SignedHead, revision: number): HeadView {
  return { revision, size, root, at, position, keyId, publicKey, note };
}

export class HeadListParameters extends PageParameters {}

export class InclusionParameters {
  /** Id of the event. */
  @Optional(Text({ max: 36 })) event?: string;

  /** Position of the event, in the place of its id. */
  @Optional(Text({ max: 20, pattern: /^\d+$/ })) position?: string;

  /** Leaves of the tree; default: those of the latest signed head, or all where the event is newer. */
  @Optional(Integer({ min: 1 })) size?: number;
}

export class ConsistencyParameters {
  @Integer({ min: 0 }) from: number;
  @Integer({ min: 0 }) to: number;
}

const HASH: Schema = { contentEncoding: 'base64' };

export class InclusionView {
  @Integer({ min: 0 }) index: number;
  @Integer({ min: 1 }) size: number;
  @Text() position: string;
  @Text({ schema: HASH }) leafHash: string;
  @Text({ schema: HASH }) root: string;
  @ListOf(Text({ schema: HASH }), { max: 64 }) hashes: string[];
}

export class ConsistencyView {
  @Integer({ min: 0 }) from: number;
  @Integer({ min: 0 }) to: number;
  @Text({ schema: HASH }) fromRoot: string;
  @Text({ schema: HASH }) toRoot: string;
  @ListOf(Text({ schema: HASH }), { max: 64 }) hashes: string[];
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
