import type { EventLetters, ExportEntry, RecordEntry } from './export-entry.js';
import type { ExportFormat } from './export-format.js';

type Json = Record<string, unknown>;

/** One JSON object a line. What an event holds is JSON in it, too, unless that would change a letter of it. */
export const ndjsonFormat: ExportFormat = {
  mediaType: 'application/x-ndjson',
  extension: 'ndjson',
  heading: '',
  quoted: false,
  encode(entry) {
    switch (entry.kind) {
      case 'header':
        return line({ header: entry.header, note: entry.note });
      case 'record':
        return line(recordAsJson(entry));
      case 'checkpoint': {
        const { records, root, marks, note } = entry;
        return line({ checkpoint: { records, root, marks }, note });
      }
      case 'end': {
        const { records, root, note } = entry;
        return line({ end: { records, root }, note });
      }
    }
  },
  decode(text) {
    const json = JSON.parse(text) as Json;
    const note = json['note'] as string;
    if ('header' in json) return { kind: 'header', header: json['header'], note } as ExportEntry;
    if ('checkpoint' in json) return { kind: 'checkpoint', ...(json['checkpoint'] as object), note } as ExportEntry;
    if ('end' in json) return { kind: 'end', ...(json['end'] as object), note } as ExportEntry;
    return 'record' in json ? recordIn(json) : undefined;
  },
};

function line(json: object): string {
  return `${JSON.stringify(json)}\n`;
}

function recordAsJson({ record, leaf, content, proof }: RecordEntry): Json {
  const what = 'gone' in content ? content : { event: eventAsJson(content.event) };
  return { record, leaf, ...what, ...(proof && { proof }) };
}

function eventAsJson({ id, type, stream, revision, recordedAt, data, metadata }: EventLetters): Json {
  return { id, type, stream, revision, recordedAt, ...spelled('data', data), ...spelled('metadata', metadata) };
}

function spelled(name: string, content: string | Uint8Array): Json {
  if (typeof content !== 'string') return { [`${name}Base64`]: Buffer.from(content).toString('base64') };
  const value = JSON.parse(content) as unknown;
  return JSON.stringify(value) === content ? { [name]: value } : { [`${name}Text`]: content };
}

function recordIn(json: Json): RecordEntry {
  const { record, leaf, gone, event, proof } = json as unknown as RecordEntry & { gone?: string; event: Json };
  const content = gone === undefined ? { event: eventIn(event) } : { gone };
  return { kind: 'record', record, leaf, content, ...(proof && { proof }) };
}

function eventIn(json: Json): EventLetters {
  const { id, type, stream, revision, recordedAt } = json as unknown as EventLetters;
  return {
    id,
    type,
    stream,
    revision,
    recordedAt,
    data: lettersIn(json, 'data'),
    metadata: lettersIn(json, 'metadata'),
  };
}

function lettersIn(json: Json, name: string): string | Uint8Array {
  const [text, bytes] = [json[`${name}Text`], json[`${name}Base64`]];
  if (typeof bytes === 'string') return Buffer.from(bytes, 'base64');
  return typeof text === 'string' ? text : JSON.stringify(json[name]);
}
