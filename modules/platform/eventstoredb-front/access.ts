import type { Metadata } from '@grpc/grpc-js';
import { AccessDenied, Unauthenticated } from './protocol-errors.js';

/** Who calls: what stood in the call's `authorization` header, unchecked. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What EventStoreDB's access control lists speak of. The last two are about the stream's metadata. */
export type StreamRight = 'read' | 'write' | 'delete' | 'metaRead' | 'metaWrite';

/** Who may do what with which stream. `$all` is the stream of all events. */
export abstract class FrontAccess {
  abstract allows(credentials: Credentials | undefined, stream: string, right: StreamRight): boolean | Promise<boolean>;
}

/**
 * Everyone may do everything, whatever `$acl` says: Perdure has no users yet whom an access control list could name. Right only as
 * long as the front listens on the loopback interface, its default.
 */
export class OpenFront extends FrontAccess {
  override allows(): boolean {
    return true;
  }
}

/** An open front, but for streams that only Perdure itself writes to: what stands there vouches for the rest. Anybody may read them. */
export class GuardedFront extends FrontAccess {
  constructor(private readonly guarded: readonly string[]) {
    super();
  }

  /** Throws AccessDenied, whoever asks: there is nobody who could. */
  override allows(_: Credentials | undefined, stream: string, right: StreamRight): boolean {
    if (right === 'read' || right === 'metaRead' || !this.guarded.includes(stream)) return true;
    throw new AccessDenied(
      `Only Perdure itself writes to '${stream}'. Read it; let the process that has the store write.`,
    );
  }
}

/** One caller's way through a policy. */
export class Caller {
  readonly #credentials: Credentials | undefined;

  constructor(
    private readonly access: FrontAccess,
    metadata: Metadata,
  ) {
    this.#credentials = credentialsOf(metadata);
  }

  /** Who they say they are. */
  get username(): string | undefined {
    return this.#credentials?.username;
  }

  /** Throws AccessDenied, or Unauthenticated where the caller did not say who they are. */
  async mayRead(stream: string): Promise<void> {
    await this.#may(stream, 'read', 'metaRead');
  }

  async mayWrite(stream: string): Promise<void> {
    await this.#may(stream, 'write', 'metaWrite');
  }

  async mayDelete(stream: string): Promise<void> {
    await this.#may(stream, 'delete', 'metaWrite');
  }

  async #may(name: string, right: StreamRight, metaRight: StreamRight): Promise<void> {
    const ofMetadata = name.startsWith('$$');
    const stream = ofMetadata ? name.slice(2) : name;
    if (await this.access.allows(this.#credentials, stream, ofMetadata ? metaRight : right)) return;
    if (!this.#credentials) throw new Unauthenticated(`Say who you are to ${right} stream '${name}'.`);
    throw new AccessDenied(`'${this.#credentials.username}' may not ${right} stream '${name}'.`);
  }
}

/** Throws Unauthenticated where the header is there and cannot be read. */
function credentialsOf(metadata: Metadata): Credentials | undefined {
  const [header] = metadata.get('authorization');
  if (header === undefined) return undefined;
  const [, encoded] = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(String(header)) ?? [];
  const text = Buffer.from(encoded ?? '', 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 0) throw new Unauthenticated('The authorization header is not `Basic` with a user and a password.');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
