import type { Command } from '#kernel/command';
import { DomainError } from '#kernel/errors';
import { RequestInFlight } from './dispatch.errors.js';

/**
 * Is told of every command that was not carried out, before its sender is. A process without one keeps no record of them.
 */
export abstract class RefusalLog {
  /** Resolves when the refusal is recorded, or cannot be: it never rejects, and never takes longer than a moment. */
  abstract record(command: Command, refusal: unknown): Promise<void>;
}

/**
 * Whether the refusal is an answer to the command, and not to the moment or to the form it came in: what the same command may be
 * carried out with later, unchanged, was not refused, and what is not valid was never a command.
 */
export function isFinal(refusal: unknown): boolean {
  if (!(refusal instanceof DomainError)) return true;
  return !refusal.retryable && refusal.kind !== 'invalid' && !(refusal instanceof RequestInFlight);
}
