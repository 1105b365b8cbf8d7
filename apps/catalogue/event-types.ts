import ts from 'typescript';
import { pathOf, type Sources } from './sources.js';

/** One field of an event's data. */
export interface EventField {
  /** Dotted where it lies within another. */
  readonly name: string;
  /** In TypeScript. */
  readonly type: string;
  readonly optional: boolean;
  readonly description?: string;
}

/** An event type as the code declares it. */
export interface DeclaredEvent {
  /** `*` stands for any identifier: what users name. */
  readonly type: string;
  readonly description?: string;
  readonly file: string;
  readonly fields: readonly EventField[];
}

/** Levels of fields within fields. */
const DEPTH = 3;

/** All event types that are exported by files called `<name>.events.ts`, by type. */
export function declaredEvents(sources: Sources): DeclaredEvent[] {
  const files = sources.files.filter(({ fileName }) => fileName.endsWith('.events.ts'));
  const found = new Map<string, DeclaredEvent>();
  for (const file of files) {
    for (const alias of file.statements.filter(isEventUnion)) {
      for (const event of eventsOf(sources, file, alias)) found.set(event.type, event);
    }
  }
  return [...found.values()].sort((a, b) => (a.type < b.type ? -1 : 1));
}

/** The names of the event types that this type is made of. */
export function eventTypesOf({ checker }: Sources, type: ts.Type): string[] {
  return membersOf(type).flatMap((member) => {
    const name = member.getProperty('type');
    return name ? membersOf(checker.getTypeOfSymbol(name)).flatMap((each) => typeName(checker, each) ?? []) : [];
  });
}

/** `*.created` for what the compiler writes as `${string}.created`. */
export function withStars(pattern: string): string {
  return pattern.replace(/\$\{[^}]*\}/g, '*');
}

function isEventUnion(statement: ts.Statement): statement is ts.TypeAliasDeclaration {
  const isExported = ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(isExport);
  return Boolean(isExported) && ts.isTypeAliasDeclaration(statement) && statement.name.text.endsWith('Event');
}

function isExport({ kind }: ts.Modifier): boolean {
  return kind === ts.SyntaxKind.ExportKeyword;
}

function* eventsOf(sources: Sources, file: ts.SourceFile, alias: ts.TypeAliasDeclaration): Generator<DeclaredEvent> {
  const { checker } = sources;
  const descriptions = descriptionsIn(file, alias);
  for (const member of membersOf(checker.getTypeAtLocation(alias.name))) {
    const data = member.getProperty('data');
    if (!data) continue;
    for (const type of eventTypesOf(sources, member)) {
      const description = descriptions.get(type) ?? descriptions.get(type.slice(type.lastIndexOf('.') + 1));
      const fields = fieldsOf(checker, checker.getTypeOfSymbol(data), DEPTH);
      yield { type, ...(description !== undefined && { description }), file: pathOf(sources, file), fields };
    }
  }
}

function membersOf(type: ts.Type): readonly ts.Type[] {
  return type.isUnion() ? type.types : [type];
}

function typeName(checker: ts.TypeChecker, type: ts.Type): string | undefined {
  if (type.isStringLiteral()) return type.value;
  if (type.flags & ts.TypeFlags.TemplateLiteral) return withStars(checker.typeToString(type).slice(1, -1));
  return undefined;
}

function fieldsOf(checker: ts.TypeChecker, data: ts.Type, depth: number, prefix = ''): EventField[] {
  return checker.getPropertiesOfType(data).flatMap((property) => {
    const name = prefix + property.name;
    const type = checker.getTypeOfSymbol(property);
    const optional = Boolean(property.flags & ts.SymbolFlags.Optional);
    const description = ts.displayPartsToString(property.getDocumentationComment(checker)).replace(/\s+/g, ' ').trim();
    const field = { name, type: textOf(checker, property, type), optional, ...(description && { description }) };
    const inner = checker.getNonNullableType(type);
    return isPlainObject(inner) && depth > 1 ? [field, ...fieldsOf(checker, inner, depth - 1, `${name}.`)] : [field];
  });
}

/** As it is written, where it is: that stays the same whatever else the compiler has seen. */
function textOf(checker: ts.TypeChecker, property: ts.Symbol, type: ts.Type): string {
  const values = membersOf(checker.getNonNullableType(type));
  if (values.length > 1 && values.every((value) => value.isStringLiteral())) {
    return values
      .map((value) => `'${value.value}'`)
      .sort()
      .join(' | ');
  }
  const [declaration] = property.declarations ?? [];
  const node = declaration && ts.isPropertySignature(declaration) ? declaration.type : undefined;
  const text = node?.getText() ?? checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation);
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\breadonly /g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** An object whose fields are declared in an `.events.ts` file or in the kernel, and which is nothing else. */
function isPlainObject(type: ts.Type): boolean {
  if (type.isUnion() || !(type.flags & ts.TypeFlags.Object) || type.getCallSignatures().length > 0) return false;
  if (type.getStringIndexType() || type.getNumberIndexType()) return false;
  const file = type.getSymbol()?.declarations?.[0]?.getSourceFile().fileName ?? '';
  return /\.events\.ts$|modules\/kernel\/event\.ts$/.test(file);
}

/** Doc comments of events: above a member of the union, or above a field of an interface of facts, by type or its last part. */
function descriptionsIn(file: ts.SourceFile, { type }: ts.TypeAliasDeclaration): Map<string, string> {
  const descriptions = new Map<string, string>();
  const add = (name: string, from: number, to: number): void => {
    const comment = /\/\*\*([\s\S]*?)\*\//.exec(file.text.slice(from, to))?.[1];
    if (comment)
      descriptions.set(
        name,
        comment
          .replace(/^\s*\* ?/gm, '')
          .replace(/\s+/g, ' ')
          .trim(),
      );
  };
  for (const statement of file.statements) {
    if (!ts.isInterfaceDeclaration(statement) || !statement.name.text.endsWith('Facts')) continue;
    for (const fact of statement.members) add(fact.name?.getText() ?? '', fact.getFullStart(), fact.getStart());
  }
  if (!ts.isUnionTypeNode(type)) return descriptions;
  let end = type.getFullStart();
  for (const member of type.types) {
    const first = ts.isTypeReferenceNode(member) ? member.typeArguments?.[0] : undefined;
    if (first && ts.isLiteralTypeNode(first)) add(first.getText().slice(1, -1), end, member.getStart());
    ({ end } = member);
  }
  return descriptions;
}
