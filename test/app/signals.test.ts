import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { catchSignals } from '../../src/app/signals.ts';

function world() {
  const exits: (number | string | null | undefined)[] = [];
  const process = Object.assign(new EventEmitter(), {
    exit: (code?: number | string | null) => {
      exits.push(code);
      throw new Error('exits');
    },
  });
  const signals = catchSignals(process as unknown as NodeJS.Process);
  return { process, signals, exits };
}

test('an early SIGHUP waits, and is handed over once', () => {
  const { process, signals, exits } = world();
  process.emit('SIGHUP');
  const taken: string[] = [];
  signals((signal) => taken.push(signal));
  expect(taken).toEqual(['SIGHUP']);
  process.emit('SIGHUP');
  process.emit('SIGTERM');
  expect(taken).toEqual(['SIGHUP', 'SIGHUP', 'SIGTERM']);
  expect(exits).toEqual([]);
});

test.each(['SIGTERM', 'SIGINT'])('%s before anything has begun ends it cleanly', (signal) => {
  const { process, exits } = world();
  expect(() => process.emit(signal)).toThrow('exits');
  expect(exits).toEqual([0]);
});
