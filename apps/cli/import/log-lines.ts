/** A line of text without its line feed. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** The line was longer than the limit; its text was let go. */
  readonly tooLong?: true;
}

/** Longest line in UTF-16 code units: what the API takes in one request. */
export const MAX_LINE_LENGTH = 16 * 2 ** 20;

/** Cuts text that arrives in pieces into lines, holding no more than one of them. */
export async function* linesOf(pieces: AsyncIterable<string>, maxLength = MAX_LINE_LENGTH): AsyncGenerator<Line> {
  let number = 1;
  let rest = '';
  let tooLong = false;
  for await (const piece of pieces) {
    let from = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      const text = rest + piece.slice(from, end);
      yield tooLong || text.length > maxLength ? { number, text: '', tooLong: true } : { number, text };
      number++;
      rest = '';
      tooLong = false;
      from = end + 1;
    }
    if (!tooLong) rest += piece.slice(from);
    if (rest.length > maxLength) {
      tooLong = true;
      rest = '';
    }
  }
  if (tooLong) yield { number, text: '', tooLong };
  else if (rest) yield { number, text: rest };
}
