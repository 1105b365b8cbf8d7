import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { EXIT, EXIT_CODES } from './exit-codes.js';

/** Options that the guide tells of once, for all commands that have them. */
const SHARED = new Set(['--json', '--url', '--data']);

let app: INestApplicationContext;
let program: Command;
beforeAll(async () => {
  // Jest cannot load what requires Nest before Nest itself is there.
  await import('@nestjs/core');
  const { CommandFactory } = await import('nest-commander');
  const { CliModule } = await import('./cli.module.js');
  app = await CommandFactory.createWithoutRunning(CliModule, { logger: false });
  await app.init();
  program = app.get<{ program: Command }>(CliModule).program;
});
afterAll(() => app.close());

function leaves(command: Command, path: string): [usage: string, command: Command][] {
  return command.commands.flatMap((each) => {
    const name = `${path} ${each.name()}`;
    if (each.commands.length > 0) return leaves(each, name);
    const parameters = each.registeredArguments.map((argument) => {
      const text = `${argument.name()}${argument.variadic ? '...' : ''}`;
      return argument.required ? `<${text}>` : `[${text}]`;
    });
    return [[[name, ...parameters].join(' '), each]];
  });
}

describe('the command line', () => {
  it('is in the guide: every command with its arguments and options, every exit code', () => {
    const guide = readFileSync('docs/guides/command-line.md', 'utf8').replaceAll(/ +/g, ' ');
    const rows = guide.split('\n').filter((line) => line.startsWith('| `perdure '));
    const found = leaves(program, 'perdure');
    expect(found.length).toBeGreaterThan(20);
    for (const [usage, command] of found) {
      const row = rows.find((line) => line.startsWith(`| \`${usage}\` |`)) ?? `no row for ${usage}`;
      const flags = command.options.map(({ long }) => long!).filter((flag) => !SHARED.has(flag));
      expect({ usage, missing: flags.filter((flag) => !row.includes(`\`${flag}`)) }).toEqual({ usage, missing: [] });
      expect(row).toContain(`| \`${usage}\` |`);
    }
    expect(rows).toHaveLength(found.length);
    for (const [code, meaning] of EXIT_CODES) expect(guide).toContain(`| ${code} | ${meaning} |`);
  });

  it('has a meaning for every exit code', () => {
    expect(EXIT_CODES.map(([code]) => code)).toEqual(Object.values(EXIT));
  });

  it('lets every command write JSON', () => {
    const without = leaves(program, 'perdure').filter(
      ([, { options }]) => !options.some(({ long }) => long === '--json'),
    );
    expect(without.map(([usage]) => usage)).toEqual([]);
  });
});
