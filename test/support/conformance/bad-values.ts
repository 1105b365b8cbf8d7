import fc from 'fast-check';

/** Texts as they may stand in a URL, percent-encoded already: of the wrong form, of no form, and forms that others have tripped over. */
export const BAD_TEXTS = fc.oneof(
  fc
    .constantFrom(
      ...['', ' ', '-1', '0', '1.5', 'NaN', '-Infinity', '1e999', '0x10', '9'.repeat(30), 'null', 'undefined', 'true'],
      ...['[]', '{}', '[1]', '{"$where":"1"}', '{"a":{"$gt":{}}}', '{"__proto__":{"a":1}}', '{"a":', '"', "'; --"],
      ...['__proto__', 'constructor', 'toString', '..', '../../etc/passwd', '$id', '$where', 'a.b', '-', ',', 'a,,b'],
      ...['\0', 'a\0b', '\r\nx: y', '\u001b[31m', '\u007f', '\u202e', '\ufeff', 'é', 'e\u0301', '💾', '\u{10ffff}'],
      ...['x'.repeat(201), 'x'.repeat(2_500), '2026-02-30', '2026-13-01T00:00:00Z', '0000-01-01T00:00:00Z', 'asc', '*'],
    )
    .map(encodeURIComponent),
  fc.constantFrom('%', '%zz', '%ED%A0%80', '%c0%af', '%FF', '+', '%2e%2e', '%2F'),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed())),
  fc.bigInt().map(String),
  fc.double().map(String),
);

const jsonText = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a\0b',
    '__proto__',
    '\u202e',
    '\ud800',
    '💾',
    '..',
    '9'.repeat(30),
    'x'.repeat(5_000),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** Values of JSON, as it is written: of any type, some of them numbers that JavaScript does not have. */
export const BAD_JSON = fc.oneof(
  fc.constantFrom(
    ...['null', 'true', '0', '-1', '-0', '1.5', '1e400', '-1e400', '9007199254740993', '1E-400', '"NaN"', '[]', '{}'],
    ...['[null]', '[[]]', '[{}]', '{"":null}', '{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{}}}'],
    ...['{"$id":1}', '{"$sealed":"x"}', '{"a.b":1}', '{"$where":1}', '{"a":1,"a":2}', '{"toJSON":1}', '"\\ud800"'],
    ...['['.repeat(2_000) + ']'.repeat(2_000), '{"a":'.repeat(2_000) + '1' + '}'.repeat(2_000)],
    ...[`[${'0,'.repeat(2_000)}0]`, `"${'x'.repeat(100_000)}"`],
  ),
  jsonText.map((text) => JSON.stringify(text)),
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
);

/** Bodies that are no JSON object, or no JSON. */
export const BAD_BODIES = fc.oneof(
  fc.constantFrom('', ' ', '{', '{"a":1', '{"a":1}}', "{'a':1}", '\ufeff{}', '\0', 'undefined', 'NaN', '{"a":\u0001}'),
  BAD_JSON,
);

/** Headers that requests are read by, with what is not allowed in them. */
export const BAD_HEADERS = fc.tuple(
  fc.constantFrom(
    ...['idempotency-key', 'if-match', 'if-none-match', 'correlation-id', 'traceparent', 'perdure-reason'],
    ...['perdure-occurred-at', 'content-type', 'accept', 'last-event-id', 'x-request-id', 'accept-encoding'],
  ),
  fc.constantFrom(
    ...[
      '',
      ' ',
      '*',
      '"0"',
      '"-1"',
      '"1',
      'W/"1"',
      '"99999999999999999999"',
      '0',
      'x'.repeat(1_001),
      'ÿþ',
      'a, b',
      '\t',
    ],
    ...['2026-02-30T00:00:00Z', 'application/xml', 'text/csv', 'application/json; charset=utf-16', '__proto__', '__'],
  ),
);
