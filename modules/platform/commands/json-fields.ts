import type { Violation } from '#kernel/errors';
import { field, FieldType, type FieldDecorator, type Schema } from './field-type.js';

/** Levels of nesting that JSON of a client's may have, where a field does not say otherwise. */
export const MAX_JSON_DEPTH = 32;

/** RFC 6901: `~` and `/` in a key. */
export function pointerTo(parent: string, key: string | number): string {
  return `${parent}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether JSON can carry the value and give it back: finite numbers, no key that would change a prototype. */
function isJson(value: unknown, depthLeft: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      if (value === null) return true;
      if (depthLeft === 0) return false;
      if (Array.isArray(value)) return value.every((item) => isJson(item, depthLeft - 1));
      for (const key of Object.keys(value)) {
        if (key === '__proto__' || !isJson((value as Record<string, unknown>)[key], depthLeft - 1)) return false;
      }
      return true;
    default:
      return false;
  }
}

class JsonType extends FieldType {
  readonly shape = { kind: 'json' } as const;
  protected readonly expected: string;

  constructor(
    readonly schema: Schema,
    private readonly maxDepth: number,
    private readonly recordOnly: boolean,
  ) {
    super();
    this.expected = recordOnly ? 'a JSON object' : 'JSON';
  }

  accepts(value: unknown): boolean {
    return (!this.recordOnly || isRecord(value)) && isJson(value, this.maxDepth);
  }

  override violations(value: unknown, pointer: string): Violation[] {
    if (this.recordOnly && !isRecord(value)) return [{ pointer, detail: 'Must be a JSON object.' }];
    return this.#search(value, pointer, this.maxDepth);
  }

  override fromText(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }

  #search(value: unknown, pointer: string, depthLeft: number): Violation[] {
    if (isJson(value, depthLeft)) return [];
    if (typeof value === 'number') return [{ pointer, detail: 'Must be a number that a double can hold.' }];
    if (typeof value !== 'object' || value === null) return [{ pointer, detail: 'Must be a JSON value.' }];
    if (depthLeft === 0) return [{ pointer, detail: `Nests deeper than ${this.maxDepth} levels. Flatten it.` }];
    return Object.entries(value).flatMap(([key, part]) =>
      key === '__proto__'
        ? [{ pointer: pointerTo(pointer, key), detail: "A key must not be '__proto__'. Rename it." }]
        : this.#search(part, pointerTo(pointer, key), depthLeft - 1),
    );
  }
}

/** Any JSON value. */
export const JsonValue = ({ maxDepth = MAX_JSON_DEPTH } = {}): FieldDecorator =>
  field(new JsonType({}, maxDepth, false));

export interface RecordLimits {
  readonly maxDepth?: number;
  /** What else JSON Schema can say of it, for documentation: who decides about it checks it. */
  readonly schema?: Schema;
}

/** A JSON object with free fields. */
export const JsonRecord = ({ maxDepth = MAX_JSON_DEPTH, schema = {} }: RecordLimits = {}): FieldDecorator =>
  field(new JsonType({ type: 'object', additionalProperties: true, ...schema }, maxDepth, true));
