import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { configTable } from './config.js';

it('the README names every setting with its default', () => {
  const readme = readFileSync('README.md', 'utf8').replaceAll(/ +/g, ' ');
  for (const setting of configTable()) {
    const byDefault = setting.default ? `\`${setting.default}\`` : 'none';
    expect(readme).toContain(`| \`${setting.name}\` | ${byDefault} | ${setting.meaning} |`);
  }
});
