import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** The TypeScript sources of a program, with what the compiler knows of them. */
export interface Sources {
  readonly root: string;
  readonly checker: ts.TypeChecker;
  /** Its own files, without specs, by path. */
  readonly files: readonly ts.SourceFile[];
}

/** Reads all modules under a folder that has a tsconfig.json. */
export function readSources(root: string): Sources {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const paths = globSync('modules/**/*.ts', { cwd: root })
    .filter((path) => !/\.(spec|d)\.ts$/.test(path))
    .sort()
    .map((path) => join(root, path));
  const program = ts.createProgram(paths, { ...options, noEmit: true, incremental: false, tsBuildInfoFile: undefined });
  const own = new Set(paths);
  const files = program.getSourceFiles().filter(({ fileName }) => own.has(fileName));
  return {
    root,
    checker: program.getTypeChecker(),
    files: files.toSorted((a, b) => (a.fileName < b.fileName ? -1 : 1)),
  };
}

/** The path of a file from the root on, with slashes everywhere. */
export function pathOf({ root }: Sources, { fileName }: ts.SourceFile): string {
  return relative(root, fileName).replaceAll('\\', '/');
}

/** Calls the visitor with the node and everything in it. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

/** Where a name was declared, also where it was imported. */
export function declarationOf({ checker }: Sources, name: ts.Node): ts.Declaration | undefined {
  let symbol = checker.getSymbolAtLocation(name);
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  return symbol?.declarations?.[0];
}
