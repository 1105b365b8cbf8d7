/** Something is missing on this machine; the message says what to do. */
export class CannotLaunch extends Error {
  name = 'CannotLaunch';
}
