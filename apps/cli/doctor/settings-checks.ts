import { type Config, configTable, describeConfig, InvalidConfig, readConfig } from '#platform/config/config';
import { checkApi, keyOptionsOf } from '#platform/config/deployment';
import { type Check, fail, ok, warn } from './check.js';

/** Environment variables with our prefix that no server reads. */
const OTHERS = new Set(['PERDURE_URL', 'PERDURE_RELAUNCHED', 'PERDURE_RECEIPT_LOG']);

/** What the environment sets, without secrets, and each value that cannot be; the settings where they are right. */
export function checkSettings(env: NodeJS.ProcessEnv): { checks: Check[]; config?: Config } {
  const checks = unknownNames(env);
  try {
    const config = readConfig(env);
    checkApi(config);
    keyOptionsOf(config);
    return { checks: [ok('settings', words(env, config)), ...checks], config };
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    const wrong = error.problems.map((problem) => fail('settings', problem, 'Change or unset it.'));
    return { checks: [...wrong, ...checks] };
  }
}

function words(env: NodeJS.ProcessEnv, config: Config): string {
  const shown = describeConfig(config);
  const set = configTable().filter((row) => env[row.name] && env[row.name] !== row.default);
  if (set.length === 0) return 'all as they are by default';
  return ['of this environment:', ...set.map(({ name }) => `${name}=${shown[name]}`)].join('\n');
}

function unknownNames(env: NodeJS.ProcessEnv): Check[] {
  const known = new Set(configTable().map(({ name }) => name));
  const unknown = Object.keys(env).filter((name) => /^PERDURE_/.test(name) && !known.has(name) && !OTHERS.has(name));
  return unknown.map((name) => {
    return warn(
      'settings',
      `${name} is no setting of Perdure's`,
      'Look for its right name among the settings in README.md.',
    );
  });
}
