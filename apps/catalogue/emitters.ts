import ts from 'typescript';
import { eventTypesOf, withStars } from './event-types.js';
import { declarationOf, pathOf, type Sources, walk } from './sources.js';

/** Who makes events of a type. */
export interface Emitter {
  /** The object type whose events they are. */
  readonly object?: string;
  /** Its commands that can lead to one, in the order of their declaration. */
  readonly commands: readonly string[];
  readonly file: string;
}

/** An object type as the code declares it. */
interface DeclaredObject {
  readonly name: string;
  readonly file: string;
  readonly events: readonly string[];
  /** Types of the events that each command's decision makes. */
  readonly commands: Map<string, Set<string>>;
}

/** Who emits each of these event types: the object types with their commands, else the files that make such events. */
export function emittersOf(sources: Sources, types: readonly string[]): Map<string, Emitter[]> {
  const objects = declaredObjects(sources);
  const makers = filesThatMake(sources, new Set(types));
  return new Map(
    types.map((type) => {
      const owners = objects.filter(({ events }) => events.includes(type));
      const emitters = owners.map(({ name, file, commands }): Emitter => {
        const own = [...commands].flatMap(([command, made]) => (made.has(type) ? [command] : []));
        return { object: name, commands: own, file };
      });
      const isDecided = emitters.some(({ commands }) => commands.length > 0);
      const others = (makers.get(type) ?? []).map((file) => ({ commands: [], file }));
      const undecided = emitters.filter(({ commands }) => commands.length === 0);
      return [type, isDecided ? emitters : [...undecided, ...others]];
    }),
  );
}

/** The names of all object types. */
export function objectNames(sources: Sources): string[] {
  return declaredObjects(sources).map(({ name }) => name);
}

function declaredObjects(sources: Sources): DeclaredObject[] {
  const objects = new Map<ts.Node, DeclaredObject>();
  for (const file of sources.files) {
    if (file.fileName.includes('/kernel/')) continue;
    walk(file, (node) => {
      if (!ts.isCallExpression(node)) return;
      if (isCallOf(node, 'objectType') && node.typeArguments?.length === 2) {
        const events = eventTypesOf(sources, sources.checker.getTypeFromTypeNode(node.typeArguments[1]!));
        const name = textOf(sources, node.arguments[0]!);
        objects.set(node, { name, file: pathOf(sources, file), events, commands: new Map() });
      }
    });
    walk(file, (node) => {
      if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
      if (node.expression.name.text !== 'on' || node.arguments.length !== 2) return;
      const object = objects.get(rootOf(node));
      const [command, decide] = node.arguments;
      object?.commands.set(command!.getText(), eventsMadeBy(sources, decide!));
    });
  }
  return [...objects.values()].map(inOrder).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A chain of calls is read from its end: the last command comes first. */
function inOrder({ commands, ...object }: DeclaredObject): DeclaredObject {
  return { ...object, commands: new Map([...commands].reverse()) };
}

function rootOf(call: ts.CallExpression): ts.Node {
  let node: ts.Expression = call;
  while (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) node = node.expression.expression;
  return node;
}

function isCallOf(node: ts.CallExpression, name: string): boolean {
  return ts.isIdentifier(node.expression) && node.expression.text === name;
}

function textOf({ checker }: Sources, node: ts.Expression): string {
  const type = checker.getTypeAtLocation(node);
  return type.isStringLiteral() ? type.value : node.getText();
}

/** Types of the events that a decision makes, itself or by functions of ours that it calls. */
function eventsMadeBy(sources: Sources, decide: ts.Node): Set<string> {
  const made = new Set<string>();
  const seen = new Set<ts.Node>();
  const look = (node: ts.Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    walk(node, (each) => {
      for (const type of typesMadeBy(each)) made.add(type);
      if (!ts.isIdentifier(each)) return;
      const declaration = declarationOf(sources, each);
      if (declaration && isOwnFunction(declaration)) look(declaration);
    });
  };
  look(decide);
  return made;
}

function isOwnFunction(declaration: ts.Declaration): boolean {
  const isFunction =
    ts.isFunctionDeclaration(declaration) ||
    (ts.isVariableDeclaration(declaration) &&
      declaration.initializer !== undefined &&
      ts.isArrowFunction(declaration.initializer));
  return isFunction && !declaration.getSourceFile().fileName.includes('node_modules');
}

/** The event type in `type: 'task.created'`, in a template of it, or the two of `type: done ? 'task.completed' : 'task.failed'`. */
function typesMadeBy(node: ts.Node): string[] {
  return ts.isPropertyAssignment(node) && node.name.getText() === 'type' ? typesIn(node.initializer) : [];
}

function typesIn(value: ts.Expression): string[] {
  if (ts.isStringLiteral(value)) return [value.text];
  if (ts.isTemplateExpression(value)) return [withStars(value.getText().slice(1, -1))];
  return ts.isConditionalExpression(value) ? [...typesIn(value.whenTrue), ...typesIn(value.whenFalse)] : [];
}

/** Files outside decisions in which such events are made. */
function filesThatMake(sources: Sources, types: ReadonlySet<string>): Map<string, string[]> {
  const makers = new Map<string, string[]>();
  for (const file of sources.files) {
    const made = new Set<string>();
    walk(file, (node) => {
      for (const type of typesMadeBy(node)) if (types.has(type) && !type.includes('*')) made.add(type);
    });
    for (const type of made) makers.set(type, [...(makers.get(type) ?? []), pathOf(sources, file)]);
  }
  return makers;
}
