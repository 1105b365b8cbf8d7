import type { Checkpoint, Lease } from './read-store.port.js';

export function isSameCheckpoint(a: Checkpoint | null, b: Checkpoint | null): boolean {
  return a?.position === b?.position && a?.version === b?.version;
}

export function isSameLease(a: Lease | null, b: Lease | null): boolean {
  return a?.owner === b?.owner && a?.token === b?.token && a?.beat === b?.beat;
}
