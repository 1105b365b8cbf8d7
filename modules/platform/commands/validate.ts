import { validateSync } from 'class-validator';
import { InvalidInput, type Violation } from '#kernel/errors';
import { fieldsOf, hasOtherConstraints } from './field-list.js';
import type { FieldType } from './field-type.js';
import { isRecord } from './json-fields.js';

type Class<T extends object> = new () => T;

/** What a path or a query string has: a text for each name, or several where the name is repeated. */
type Texts = Readonly<Record<string, string | string[]>>;

/** Says where a field of the input stands: a JSON pointer. */
export type Locate = (field: string) => string;

const inBody: Locate = (field) => `/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/**
 * An instance of the class with the fields of `plain`. Throws InvalidInput with everything that is wrong with it: missing,
 * unknown and refused fields. Only declared fields are ever read, and no setter or prototype of the input is touched.
 *
 * @example build(CompleteTask, { taskId: 'a', result: 42 })
 */
export function build<T extends object>(type: Class<T>, plain: unknown, locate: Locate = inBody): T {
  const checker = checkerOf(type);
  if (!checker.accepts(plain)) throw new InvalidInput(checker.violations(plain, locate));
  const instance = new type() as Record<string, unknown>;
  for (const name of checker.names) {
    const value = (plain as Record<string, unknown>)[name];
    if (value !== undefined) instance[name] = value;
  }
  if (checker.asksClassValidator) refuseWhatClassValidatorRefuses(instance, locate);
  return instance as T;
}

/** The same for the texts of a path or a query string: each is read as its field's type spells it. */
export function buildFromText<T extends object>(type: Class<T>, texts: object, locate: Locate): T {
  return build(type, { ...texts, ...checkerOf(type).fromTexts(texts as Texts) }, locate);
}

const checkers = new WeakMap<Class<object>, Checker>();

/** The compiled rules of a class: class-validator looks through all classes for every object it validates. */
export function checkerOf(type: Class<object>): Checker {
  let checker = checkers.get(type);
  if (!checker) checkers.set(type, (checker = new Checker(type)));
  return checker;
}

class Checker {
  readonly names: readonly string[];
  readonly asksClassValidator: boolean;
  readonly #types: readonly FieldType[];
  readonly #fields: Map<string, FieldType>;

  constructor(type: Class<object>) {
    this.#fields = fieldsOf(type);
    this.names = [...this.#fields.keys()];
    this.#types = [...this.#fields.values()];
    this.asksClassValidator = hasOtherConstraints(type);
  }

  accepts(plain: unknown): boolean {
    if (!isRecord(plain)) return false;
    let known = 0;
    for (let i = 0; i < this.names.length; i++) {
      const name = this.names[i]!;
      if (!Object.hasOwn(plain, name)) {
        if (!this.#types[i]!.optional) return false;
        continue;
      }
      known++;
      const value = plain[name];
      if (value === undefined ? !this.#types[i]!.optional : !this.#types[i]!.accepts(value)) return false;
    }
    return known === Object.keys(plain).length;
  }

  violations(plain: unknown, locate: Locate, whole = ''): Violation[] {
    if (!isRecord(plain)) return [{ pointer: whole, detail: 'Must be a JSON object.' }];
    const wrong = this.names.flatMap((name, i) => {
      const type = this.#types[i]!;
      const value = Object.hasOwn(plain, name) ? plain[name] : undefined;
      if (value === undefined) return type.optional ? [] : [{ pointer: locate(name), detail: 'Is required.' }];
      return type.accepts(value) ? [] : type.violations(value, locate(name));
    });
    const unknown = Object.keys(plain).filter((name) => !this.#fields.has(name));
    return [...wrong, ...unknown.map((name) => ({ pointer: locate(name), detail: this.#unknown() }))];
  }

  /** The values of those texts that are fields. */
  fromTexts(texts: Texts): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const name of Object.keys(texts)) {
      // A name that is repeated is a list, which only the type of a list can read.
      const type = this.#fields.get(name);
      if (type) values[name] = type.fromText(texts[name] as string);
    }
    return values;
  }

  #unknown(): string {
    return this.names.length === 0
      ? 'Is not known: there are no fields here.'
      : `Is not known. Known: ${this.names.join(', ')}.`;
  }
}

function refuseWhatClassValidatorRefuses(instance: object, locate: Locate): void {
  const violations = validateSync(instance).map(({ property, constraints }) => ({
    pointer: locate(property),
    detail: Object.values(constraints ?? { nested: 'is not valid' }).join('; '),
  }));
  if (violations.length > 0) throw new InvalidInput(violations);
}
