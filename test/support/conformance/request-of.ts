import type { DocumentedOperation } from './documented-api.js';
import type { GoodRequest } from './made.js';
import type { RawRequest } from './raw-http.js';

/** The operation's request with these parameters. Names of the path that it does not have are left out. */
export function requestOf({ method, path, body }: DocumentedOperation, request: GoodRequest): RawRequest {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(request.path?.[name] ?? ''));
  const query = new URLSearchParams(request.query).toString();
  return {
    method,
    path: query === '' ? filled : `${filled}?${query}`,
    headers: { ...request.headers, ...(request.body && { 'content-type': 'application/json' }) },
    ...(body && request.body && { body: JSON.stringify(request.body) }),
  };
}
