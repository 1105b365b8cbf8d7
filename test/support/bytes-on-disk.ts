import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where in the folder's files the text stands, in any way that text is usually written; each as `<file> (<form>)`. */
export function placesOf(text: string, folder: string): string[] {
  const forms = Object.entries(formsOf(text));
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap(({ parentPath, name }) => {
      const content = readFileSync(join(parentPath, name));
      return forms
        .filter(([, bytes]) => bytes.some((part) => content.includes(part)))
        .map(([form]) => `${name} (${form})`);
    });
}

function formsOf(text: string): Record<string, Buffer[]> {
  const utf8 = Buffer.from(text);
  return {
    utf8: [utf8],
    utf16: [Buffer.from(text, 'utf16le'), Buffer.from(text, 'utf16le').swap16()],
    hex: [Buffer.from(utf8.toString('hex')), Buffer.from(utf8.toString('hex').toUpperCase())],
    base64: [0, 1, 2].flatMap((shift) => [base64Inside(utf8, shift, 'base64'), base64Inside(utf8, shift, 'base64url')]),
    json: [Buffer.from(JSON.stringify(text).slice(1, -1))],
  };
}

/** What base64 has of the bytes wherever they stand in a longer text: the characters at both ends depend on the neighbours. */
function base64Inside(bytes: Buffer, shift: number, encoding: 'base64' | 'base64url'): Buffer {
  const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
  const whole = padded.subarray(0, padded.length - (padded.length % 3)).toString(encoding);
  return Buffer.from(whole.slice(shift === 0 ? 0 : 4));
}
