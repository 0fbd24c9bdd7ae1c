import { readdirSync, readFileSync } from 'node:fs';
import { expect, expectTypeOf, test } from 'vitest';
import type { EvidenceSource } from '../src/ports/evidence.ts';
import type { JobQueue } from '../src/ports/jobs.ts';
import type { ActivityReader, EventReader, EventSearch } from '../src/ports/ledger.ts';
import type { OverviewReader } from '../src/ports/overview.ts';
import type { IncidentDesk, OnCall } from '../src/ports/pagerDuty.ts';
import type { Directory } from '../src/ports/people.ts';
import type { PolicyEngine } from '../src/ports/policy.ts';
import type { PostBook } from '../src/ports/posts.ts';
import type { StateCheck } from '../src/ports/state.ts';
import type { Store } from '../src/ports/store.ts';
import type { IdBook, SeatBook, Targets } from '../src/ports/targets.ts';

/** Names of a port's methods that answer at once: a database elsewhere, or the wire, could not. */
type AtOnce<Port> = Port extends object
  ? {
      [Name in keyof Port]-?: NonNullable<Port[Name]> extends (...args: never) => infer Answer
        ? Answer extends Promise<unknown>
          ? never
          : Name
        : never;
    }[keyof Port]
  : never;

test('a method that may touch the database or the wire returns a promise', () => {
  expectTypeOf<AtOnce<Store | { read(): string }>>().toEqualTypeOf<'read'>();
  expectTypeOf<
    AtOnce<
      | Store
      | EventReader
      | EventSearch
      | ActivityReader
      | JobQueue
      | PostBook
      | SeatBook
      | IdBook
      | OverviewReader
      | StateCheck
      | Directory
      | OnCall
      | IncidentDesk
      | PolicyEngine
      | EvidenceSource
    >
  >().toBeNever();
  // These follow from the policy, without asking the target.
  expectTypeOf<AtOnce<Targets>>().toEqualTypeOf<
    | 'placeOf'
    | 'placesOf'
    | 'knowsPlace'
    | 'canList'
    | 'showsMarks'
    | 'issuesCredentials'
    | 'obstacle'
    | 'accountTemplate'
    | 'afterlife'
  >();
});

/** Answer from memory, from the process itself, or from the policy file. */
const LOCAL = ['Clock', 'Log', 'Meter', 'CodeBox', 'PolicyFile'];

test('every port is either held to that or local', () => {
  const folder = new URL('../src/ports/', import.meta.url);
  const withMethods = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(/^export interface (\w+)[^{]*\{([\s\S]*?)^\}/gm)].flatMap(
      ([, name = '', body = '']) => (/^ {2}\w+(?:<.*>)?\(/m.test(body) ? [name] : []),
    ),
  );
  const held = [...readFileSync(import.meta.filename, 'utf8').matchAll(/^import type \{(.*)\} from/gm)].flatMap(
    ([, names = '']) => names.split(',').map((name) => name.trim()),
  );
  expect(withMethods.toSorted()).toEqual([...held, ...LOCAL].toSorted());
});
