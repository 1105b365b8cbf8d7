import { hash } from 'node:crypto';
import type { Command } from '#kernel/command';
import { eventIdOf, uuidv8 } from '#kernel/ids';

/** The command id that a client's idempotency key stands for, within its tenant. */
export function commandIdOf(tenant: string, idempotencyKey: string): string {
  return uuidv8(hash('sha256', `${tenant}\n${idempotencyKey}`, 'buffer'));
}

/** The n-th id that a command makes, apart from those of its events: the same each time it is decided. */
export function idMadeBy(commandId: string, index: number): string {
  return eventIdOf(commandId, 2 ** 31 + index);
}

/** What a command says, whatever the order of its fields. */
export function digestOf(command: Command): string {
  const body = JSON.stringify([command.constructor.name, command], (_, value: unknown) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return hash('sha256', body, 'base64url');
}
