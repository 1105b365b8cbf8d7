import type { KeyObject } from 'node:crypto';
import type { Position } from '#kernel/event';
import type { ReadStore } from '#platform/read-store/read-store.port';

/** An event as far as it can still be named. */
export interface NamedEvent {
  /** Place among the leaves, from 0. */
  readonly index: number;
  readonly position: Position;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
}

/** A part of the leaves: from the first one up to the one before the second. */
export interface LeafRange {
  readonly from: number;
  readonly to: number;
}

/** Something that is not as it was signed, or cannot be verified. */
export type Finding =
  | {
      /** The first event that is another one than was signed. */
      readonly kind: 'changed' | 'inserted' | 'moved';
      readonly event: NamedEvent;
      readonly detail: string;
    }
  | {
      /** The first event that was signed and is gone stood at this index. */
      readonly kind: 'removed';
      readonly index: number;
      readonly count?: number;
      /** The event that stands before the gap, and the one that stands behind it. */
      readonly before?: NamedEvent;
      readonly after?: NamedEvent;
      readonly detail: string;
    }
  | {
      /** Somewhere among these events one was changed, removed or inserted; without intact hashes nobody can say which. */
      readonly kind: 'somewhere';
      readonly range: LeafRange;
      readonly first?: NamedEvent;
      readonly last?: NamedEvent;
      readonly detail: string;
    }
  | {
      /** The store cannot be read from here on: a broken page of its file, say. */
      readonly kind: 'unreadable';
      readonly index: number;
      readonly before?: NamedEvent;
      readonly detail: string;
    }
  | {
      /** A signed head is gone or not as it was signed, or contradicts another one. */
      readonly kind: 'head';
      readonly revision?: number;
      readonly detail: string;
    }
  | {
      /** The kept hashes are not those of the signed tree, while the events are. Rebuild the tree. */
      readonly kind: 'tiles';
      readonly index: number;
      readonly detail: string;
    };

export interface StoreVerification {
  /** Whether everything that was signed is as it was signed, and something was. */
  readonly intact: boolean;
  /** Events that were looked at; those of system streams do not count. */
  readonly events: number;
  /** Of the tree over all of them, in base64; not there where the search ended before the last one. */
  readonly root?: string;
  /** Heads that were checked, and the leaves that the last right one covers. */
  readonly heads: number;
  readonly covered: number;
  /** Events behind the last head: nobody has signed them yet. */
  readonly uncovered: number;
  /** In the order in which they were found; the first one about events is the first in the log. */
  readonly findings: readonly Finding[];
}

export interface VerifyOptions {
  /** Keys whose heads count; heads of others are findings. Get them from elsewhere than from the store. */
  readonly publicKeys: readonly KeyObject[];
  /** Where the tree's hashes are kept: with them, the one event is named that is not as it was. */
  readonly tiles?: ReadStore;
  /** Notes of heads that were kept elsewhere: what lies beyond them cannot have been cut off. */
  readonly notes?: readonly string[];
  /** Told after every page. `total` is known from the heads, and may be exceeded. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
}
