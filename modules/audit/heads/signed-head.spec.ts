import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { sha256 } from '#platform/merkle/hashes';
import { isSound, originOf, signHead, verifySignedHead } from './signed-head.js';
import { keyIdOf, openNote, readPublicKey, signNote, verifierKey } from './signed-note.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519').publicKey;
const root = sha256(Buffer.from('root'));
const at = '2026-01-01T00:00:00.000Z';

describe('a signed note', () => {
  // The example in the documentation of golang.org/x/mod/sumdb/note.
  const verifier = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const note = `${text}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

  it('of another program opens with its key', () => {
    const key = readPublicKey(verifier);
    expect(openNote(note, key)).toBe(text);
    expect(verifierKey('PeterNeumann', key)).toBe(verifier);
    expect(openNote(note.replace('answer', 'Answer'), key)).toBeUndefined();
    expect(openNote(note, other)).toBeUndefined();
  });

  it('opens by one signature of several, and by no line of another form', () => {
    const own = signNote(text, 'some/log', privateKey);
    const line = own.slice(text.length + 1);
    expect(openNote(`${note}${line}`, publicKey)).toBe(text);
    for (const broken of ['', text, own.slice(0, -1), own.replace('\u2014', '-'), own.replace('\n\n', '\n')]) {
      expect(openNote(broken, publicKey)).toBeUndefined();
    }
  });

  it('has keys of its own kind only', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey;
    expect(() => readPublicKey(rsa.export({ type: 'spki', format: 'pem' }) as string)).toThrow('no Ed25519 key');
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
    expect(readPublicKey(pem).equals(publicKey)).toBe(true);
  });
});

describe('a signed head', () => {
  const head = signHead({ size: 42, root, at }, '77', privateKey);

  it('says what was signed, in the lines of a checkpoint', () => {
    expect(verifySignedHead(head.note, publicKey)).toEqual({ size: 42, root, at });
    expect(head).toMatchObject({
      size: 42,
      root: root.toString('base64'),
      at,
      position: '77',
      keyId: keyIdOf(publicKey),
    });
    expect(head.note.split('\n').slice(0, 5)).toEqual([...[originOf(publicKey), '42', head.root, `time ${at}`], '']);
    expect(isSound(head)).toBe(true);
  });

  it('is none of another key, and none of another log', () => {
    expect(verifySignedHead(head.note, other)).toBeUndefined();
    const foreign = signNote(`example.com/log\n42\n${head.root}\n`, originOf(publicKey), privateKey);
    expect(verifySignedHead(foreign, publicKey)).toBeUndefined();
    expect(verifySignedHead(signNote('no checkpoint\n', originOf(publicKey), privateKey), publicKey)).toBeUndefined();
  });

  it('does not hold with any byte of the note changed', () => {
    for (let round = 0; round < 8; round++) {
      const own = generateKeyPairSync('ed25519');
      const bytes = Buffer.from(signHead({ size: 42, root, at }, '77', own.privateKey).note);
      for (let place = 0; place < bytes.length; place++) {
        const changed = Buffer.from(bytes);
        changed[place]! ^= 1;
        expect(verifySignedHead(changed.toString(), own.publicKey)).toBeUndefined();
      }
    }
  });

  it('is not sound where what stands beside the note is another thing', () => {
    expect(isSound({ ...head, size: 43 })).toBe(false);
    expect(isSound({ ...head, root: EMPTY })).toBe(false);
    expect(isSound({ ...head, at: '2027-01-01T00:00:00.000Z' })).toBe(false);
    expect(isSound({ ...head, publicKey: 'nonsense' })).toBe(false);
  });
});

const EMPTY = Buffer.alloc(32).toString('base64');
