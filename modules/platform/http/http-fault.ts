/** A problem that only HTTP knows. Its code stands in the catalogue. */
export class HttpFault extends Error {
  constructor(
    readonly code: string,
    detail: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.name = 'HttpFault';
  }
}
