import { type Ids } from '#kernel/ids';
import { WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import type { EventStore } from '#platform/event-store/event-store.port';

/** The default access control lists of an EventStoreDB, in its words. */
const DEFAULT_ACLS = {
  $userStreamAcl: { $r: '$all', $w: '$all', $d: '$all', $mr: '$all', $mw: '$all' },
  $systemStreamAcl: { $r: '$admins', $w: '$admins', $d: '$admins', $mr: '$admins', $mw: '$admins' },
};

/**
 * Writes the well-known stream `$settings` where it is missing, as a new EventStoreDB does: clients count on `$all` never being
 * empty, and administrators' tools read and change the default access control lists there.
 */
export async function ensureSettings(store: EventStore, ids: Ids): Promise<void> {
  const { status } = await store.read('$settings', { direction: 'backwards', limit: 1 });
  if (status === 'present') return;
  const event = { id: ids.next(), type: '$settings', data: DEFAULT_ACLS, metadata: new Uint8Array() };
  try {
    await store.append('$settings', 'none', [event]);
  } catch (error) {
    // Another process that serves the same store was faster.
    if (!(error instanceof WrongExpectedRevision)) throw error;
  }
}
