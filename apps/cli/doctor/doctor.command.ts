import { Command, Help } from 'nest-commander';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import { EXIT } from '../exit-codes.js';
import { printJson } from '../output/print.js';

const HELP = `
Each line is ok, warn or fail, with what to do about it. The exit code is 1 where something fails; warnings leave it 0.
Settings, disk, files and keys are those of this environment (PERDURE_DATA, or --data) where that folder is there.

Examples:
  perdure doctor
  perdure doctor --data ./data
  perdure doctor --url http://perdure.internal:3000 --json`;

@Command({
  name: 'doctor',
  description: 'check settings, stores, schema versions, projections, the audit log, keys, jobs, clock and disk',
})
export class DoctorCommand extends ApiCommand {
  @Help('after')
  examples(): string {
    return HELP;
  }

  override async run(_: string[], options: ApiOptions): Promise<void> {
    const [{ examine }, { printChecks }] = await Promise.all([import('./examine.js'), import('./check.js')]);
    const checks = await examine(options, (work) => this.withApi(options, work));
    const healthy = checks.every(({ verdict }) => verdict !== 'fail');
    if (options.json) printJson({ healthy, checks });
    else printChecks(checks);
    if (!healthy) process.exitCode = EXIT.failed;
  }
}
