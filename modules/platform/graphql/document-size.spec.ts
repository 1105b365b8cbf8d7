import { describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { sizeOf } from './document-size.js';

const size = (text: string) => sizeOf(parse(text));

describe('the size of a document', () => {
  it('counts levels, aliases and fields', () => {
    expect(size('{ a { b { c } d: e } f: g }')).toEqual({ depth: 3, aliases: 2, fields: 5 });
  });

  it('is that of its largest operation', () => {
    expect(size('query A { a } query B { a { b } c }')).toEqual({ depth: 2, aliases: 0, fields: 3 });
  });

  it('sees through fragments, wherever they are used', () => {
    const text = '{ a { ...F } b { ... on T { ...F } } } fragment F on T { x { y: z } }';
    expect(size(text)).toEqual({ depth: 3, aliases: 2, fields: 6 });
  });

  it('leaves out what asks for the schema', () => {
    expect(size('{ __schema { types { name } } a { __typename } }')).toEqual({ depth: 1, aliases: 0, fields: 1 });
  });

  it('is known at once where fragments in fragments double it again and again', () => {
    const fragments = Array.from({ length: 100 }, (_, n) => `fragment F${n} on T { ...F${n + 1} ...F${n + 1} }`);
    expect(size(`{ ...F0 } ${fragments.join(' ')} fragment F100 on T { a }`).fields).toBe(2 ** 100);
  });

  it('ends where a fragment holds itself', () => {
    expect(size('{ ...F } fragment F on T { a ...F }').fields).toBe(1);
  });
});
