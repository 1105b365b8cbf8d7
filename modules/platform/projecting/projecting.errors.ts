/** The projections cannot run as they are declared. Thrown at start; the message names what to change. */
export class UnusableProjections extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`These projections cannot run:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.name = 'UnusableProjections';
  }
}
