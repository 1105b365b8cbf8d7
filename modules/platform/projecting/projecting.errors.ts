/** The projections cannot run as they are declared. Thrown at start; the message names what to change. */
export class UnusableProjections extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`These projections cannot run:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.name = 'UnusableProjections';
  }
}

/** What only the process can do that runs the projection was asked of another one. */
export class ProjectionElsewhere extends Error {
  constructor(projection: string) {
    super(
      `Another process runs the projection '${projection}', or none does at this moment: ask the others, or ask again.`,
    );
    this.name = 'ProjectionElsewhere';
  }
}
