import shared from '@eventstore/db-client/generated/shared_pb.js';
import { isUuid } from '#kernel/ids';
import { InvalidRequest } from './protocol-errors.js';

/** How a client wants ids to be spelled in answers. */
export type UuidForm = 'string' | 'structured';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The name in a stream identifier. Throws InvalidRequest where there is none. */
export function streamNameOf(identifier: shared.StreamIdentifier | undefined): string {
  const bytes = identifier?.getStreamName_asU8();
  if (!bytes?.length) throw new InvalidRequest('The request names no stream. Set its stream_identifier.');
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new InvalidRequest('The stream name is not UTF-8.', { cause: error });
  }
}

export function streamIdentifier(name: string): shared.StreamIdentifier {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(name));
}

/** The id in a message, in lower case. Throws InvalidRequest where there is none. */
export function uuidOf(message: shared.UUID | undefined): string {
  const structured = message?.getStructured();
  const text = structured
    ? uuidOfBits(structured.getMostSignificantBits(), structured.getLeastSignificantBits())
    : (message?.getString().toLowerCase() ?? '');
  if (!isUuid(text)) throw new InvalidRequest(`'${text}' is not a UUID.`);
  return text;
}

export function uuidMessage(id: string, form: UuidForm): shared.UUID {
  if (form === 'string') return new shared.UUID().setString(id);
  const bits = id.replaceAll('-', '');
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits(signed(bits.slice(0, 16)));
  structured.setLeastSignificantBits(signed(bits.slice(16)));
  return new shared.UUID().setStructured(structured);
}

function signed(hex: string): string {
  return BigInt.asIntN(64, BigInt(`0x${hex}`)).toString();
}

function uuidOfBits(most: string, least: string): string {
  const hex = [most, least].map((bits) => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
