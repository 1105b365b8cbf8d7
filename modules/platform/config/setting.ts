/** One environment variable: what it means, what it may be, and what it is when it is not set. */
export interface Setting<T> {
  readonly name: string;
  readonly meaning: string;
  /** The allowed values in words; completes "must be …". */
  readonly allowed: string;
  readonly default: string;
  /** Whether the value may have a password in it, or is one. */
  readonly secret?: boolean | 'whole';
  /** The typed value, or undefined where the text is not allowed. */
  parse(text: string): T | undefined;
}

type Words = Pick<Setting<unknown>, 'name' | 'meaning'>;

export function wholeNumber(words: Words, byDefault: number, min: number, max: number): Setting<number> {
  return {
    ...words,
    allowed: `a whole number from ${min} to ${max}`,
    default: String(byDefault),
    parse: (text) => (/^\d{1,15}$/.test(text) && +text >= min && +text <= max ? +text : undefined),
  };
}

export function choice<const T extends string>(words: Words, values: readonly [T, ...T[]]): Setting<T> {
  return {
    ...words,
    allowed: `one of: ${values.join(', ')}`,
    default: values[0],
    parse: (text) => values.find((value) => value === text),
  };
}

export function text(words: Words, byDefault: string, allowed = 'text', form: RegExp = /^[^\0]+$/): Setting<string> {
  return { ...words, allowed, default: byDefault, parse: (given) => (form.test(given) ? given : undefined) };
}
