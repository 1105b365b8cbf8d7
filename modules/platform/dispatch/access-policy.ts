import type { Command } from '#kernel/command';
import type { ObjectRef } from '#kernel/object-type';
import type { Envelope } from './envelope.js';

/** Who may do what. Throws a domain error (`unauthenticated`, `forbidden`) where a command is not allowed. */
export abstract class AccessPolicy {
  abstract authorise(command: Command, object: ObjectRef, envelope: Envelope): void | Promise<void>;
}

/** Everyone may do everything: right only as long as the API listens on the loopback interface, its default. */
export class OpenAccess extends AccessPolicy {
  override authorise(): void {}
}
