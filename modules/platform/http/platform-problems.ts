import { defineProblems } from './problem-catalogue.js';

/** What any command or query may be refused with: HTTP's own problems. */
defineProblems({
  'malformed-request': {
    kind: 400,
    title: 'The request is not HTTP as it should be',
    cure: 'Correct what detail names; a well-kept HTTP client does not produce this.',
  },
  'malformed-url': { kind: 400, title: 'The URL is malformed', cure: 'Percent-encode the URL as UTF-8 (RFC 3986).' },
  'malformed-json': {
    kind: 400,
    title: 'The body is not JSON',
    cure: 'Send one JSON text in UTF-8, without keys named __proto__.',
  },
  'invalid-input': { kind: 'invalid', title: 'The input is not valid', cure: 'Change what errors points at.' },
  'invalid-header': {
    kind: 'invalid',
    title: 'A header is not valid',
    cure: 'Change the header that errors points at.',
  },
  'route-not-found': { kind: 404, title: 'There is nothing at this URL', cure: 'Look up the URL at /reference.' },
  'problem-not-found': { kind: 404, title: 'There is no such problem', cure: 'List them all with GET /problems.' },
  'method-not-allowed': {
    kind: 405,
    title: 'The URL does not know this method',
    cure: 'Use one of the methods in the Allow header.',
  },
  'request-timeout': { kind: 408, title: 'The request came too slowly', cure: 'Send it again, without pauses.' },
  'body-too-large': {
    kind: 'too-large',
    title: 'The body is too large',
    cure: 'Send less at once, or raise the limit that detail names.',
  },
  'url-too-long': { kind: 414, title: 'A part of the URL is too long', cure: 'Use a shorter id.' },
  'unsupported-media-type': {
    kind: 415,
    title: 'The body has another media type than it must have',
    cure: 'Send JSON with Content-Type: application/json.',
  },
  'rate-limited': {
    kind: 'rate-limited',
    title: 'Too many requests',
    cure: 'Wait as many seconds as Retry-After says, then send the request again.',
  },
  'headers-too-large': {
    kind: 431,
    title: 'The URL and headers are too large',
    cure: 'Send shorter ones, or raise PERDURE_MAX_HEADER_BYTES.',
  },
  'internal-error': {
    kind: 500,
    title: 'Perdure failed',
    cure: 'Report it with the request id in instance; the log has the cause under the same id.',
  },
});

/** What the write side refuses. */
defineProblems({
  'precondition-failed': {
    kind: 'precondition-failed',
    title: 'The object is not as the request expects it',
    cure: 'Read the object again and decide anew, with its present ETag.',
  },
  'wrong-expected-revision': {
    kind: 'conflict',
    title: 'Somebody else changed the object',
    cure: 'Read the object again and repeat the request.',
  },
  'request-in-flight': {
    kind: 'conflict',
    title: 'The same request is being carried out',
    cure: 'Repeat it when the first one is answered.',
  },
  'idempotency-key-reused': {
    kind: 'unprocessable',
    title: 'The Idempotency-Key belongs to another request',
    cure: 'Use a new key for each new request, the same one only to repeat it unchanged.',
  },
  'too-much-contention': {
    kind: 'unavailable',
    title: 'The object changes too fast',
    cure: 'Send the request again in a moment.',
  },
  'stream-deleted': {
    kind: 'conflict',
    title: 'The object was deleted for ever',
    cure: 'Use another id.',
  },
  'event-too-large': {
    kind: 'too-large',
    title: 'The change is too large for one event',
    cure: 'Store large content elsewhere and keep a reference to it, or raise PERDURE_MAX_EVENT_BYTES.',
  },
  'invalid-stream-name': {
    kind: 'invalid',
    title: 'The type or the id has another form than it must have',
    cure: 'Use a name of letters, digits and _ and an id of 1 to 200 printable characters.',
  },
  'reserved-type': {
    kind: 'unprocessable',
    title: "The type is one of Perdure's own",
    cure: 'Choose another name.',
  },
});

/** What the stores refuse. */
defineProblems({
  'invalid-where-clause': {
    kind: 'invalid',
    title: 'The filter is not allowed',
    cure: 'Use the operators that detail lists.',
  },
  'invalid-cursor': {
    kind: 'invalid',
    title: 'The cursor belongs to another query',
    cure: 'Take it from the Link header of the page before, with the same filter and sort.',
  },
  'checkpoint-moved': {
    kind: 'conflict',
    title: 'Another runner moved the projection on',
    cure: 'Read its checkpoint again.',
  },
  'store-unavailable': {
    kind: 'unavailable',
    title: 'The store cannot answer now',
    cure: 'Send the request again as Retry-After says; the same Idempotency-Key makes that harmless.',
  },
  'store-foreign': {
    kind: 'unavailable',
    title: 'The store file belongs to another program',
    cure: 'Name another file in PERDURE_EVENT_STORE or PERDURE_READ_STORE.',
  },
  'store-locked': {
    kind: 'unavailable',
    title: 'The store file is in use by another process',
    cure: 'Stop that process, or give this one another PERDURE_DATA.',
  },
  'store-read-only': {
    kind: 'unavailable',
    title: 'The store file cannot be written',
    cure: 'Give this user the right to write the file and its folder.',
  },
  'store-truncated': {
    kind: 'unavailable',
    title: 'The end of the store file is missing',
    cure: 'Restore it from a backup.',
  },
  'store-too-new': {
    kind: 'unavailable',
    title: 'The store file is of a newer version',
    cure: 'Run the version of Perdure that wrote it, or a newer one.',
  },
  'store-disk-full': { kind: 'unavailable', title: 'The disk is full', cure: 'Free some space, then start again.' },
  'collection-not-defined': {
    kind: 'not-found',
    title: 'There is no such read model',
    cure: 'Wait until its projection has started.',
  },
  'append-too-large': {
    kind: 'too-large',
    title: 'The change is too large for the event store server',
    cure: "Change less at once, or raise the server's limit of an append.",
  },
  'append-rejected': {
    kind: 'unavailable',
    title: 'The event store server refuses the change',
    cure: 'Give the user in PERDURE_EVENT_STORE the right to write, or look into the log of the server.',
  },
  'document-not-storable': {
    kind: 'too-large',
    title: 'The document is larger than the read store takes',
    cure: 'Keep large content elsewhere and a reference to it in the document.',
  },
  'lease-lost': {
    kind: 'conflict',
    title: 'Another process goes on with the projection',
    cure: 'Leave it to that process.',
  },
  'copy-out-of-order': {
    kind: 'conflict',
    title: 'The copy of the event store is in another order than the original',
    cure: 'Copy into an empty store.',
  },
  'not-a-copy': {
    kind: 'conflict',
    title: 'The mirror has events that are not from the event store',
    cure: 'Name an empty store in PERDURE_EVENT_STORE_MIRROR.',
  },
  'archive-damaged': { kind: 'unprocessable', title: 'The backup is not whole', cure: 'Use another backup.' },
  'not-restored': {
    kind: 'conflict',
    title: 'The store has other events than the backup',
    cure: 'Restore into an empty store.',
  },
  'store-damaged': { kind: 'unavailable', title: 'The store file is damaged', cure: 'Restore it from a backup.' },
});

/** What the jobs refuse. */
defineProblems({
  'jobs-unavailable': {
    kind: 'unavailable',
    title: 'The store of jobs cannot answer now',
    cure: 'Send the request again as Retry-After says.',
  },
  'job-not-found': {
    kind: 'not-found',
    title: 'There is no such job',
    cure: 'List those that are kept with GET /api/v1/jobs.',
  },
  'job-not-ended': {
    kind: 'conflict',
    title: 'The job is neither dead nor cancelled',
    cure: 'Wait for its end, or cancel it first.',
  },
  'unknown-handler': {
    kind: 'unprocessable',
    title: 'No worker knows the job',
    cure: 'Run a worker whose version has the handler, then retry the job.',
  },
});
