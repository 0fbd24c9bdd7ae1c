import { randomBytes } from 'node:crypto';
import type { NewId } from '../ports/host.ts';

/** Crockford's base 32: no I, L, O, U, so that an id can be read out on the phone. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 50 random bits: a clash is unlikely below millions, and the database refuses one. */
const LENGTH = 10;

export const newId: NewId = (prefix) =>
  prefix + Array.from(randomBytes(LENGTH), (byte) => ALPHABET[byte % 32]).join('');
