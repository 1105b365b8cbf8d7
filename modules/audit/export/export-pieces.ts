/** A text of an export with its end, and the line that it begins in, from 1. */
export interface Piece {
  readonly text: string;
  readonly line: number;
  /** Whether it ends: the last piece of a file that was cut off does not. */
  readonly complete: boolean;
}

/** Longest piece in characters: several times the largest event, whose escapes are longer than itself. */
const MAX_PIECE = 2 ** 25;

/** The bytes are not a text. */
export class NotUtf8 extends Error {}

/** Bytes or texts of an export, apart at their line feeds; where `quoted`, but not at those within quotes. Throws NotUtf8. */
export async function* piecesOf(input: AsyncIterable<Uint8Array | string>, quoted: boolean): AsyncGenerator<Piece> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let open: string[] = [];
  let length = 0;
  let inQuotes = false;
  let line = 1;
  let lines = 0;
  for await (const bytes of input) {
    const text = typeof bytes === 'string' ? bytes : decoded(decoder, bytes);
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const character = text.charCodeAt(at);
      if (quoted && character === QUOTE) inQuotes = !inQuotes;
      if (character !== LINE_FEED) continue;
      lines++;
      if (inQuotes) continue;
      yield { text: open.join('') + text.slice(from, at + 1), line, complete: true };
      line += lines;
      [open, length, lines, from] = [[], 0, 0, at + 1];
    }
    open.push(text.slice(from));
    length += text.length - from;
    if (length > MAX_PIECE) break;
  }
  if (length > 0) yield { text: open.join(''), line, complete: false };
}

const QUOTE = 0x22;
const LINE_FEED = 0x0a;

function decoded(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: true });
  } catch {
    throw new NotUtf8();
  }
}
