/** What is kept of what anybody may send, piece by piece, without a network. */

import { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createBodyReader } from '../../src/http/body.ts';
import { connectionsFor, limitConnections, openFilesLimit, placeOf } from '../../src/http/connections.ts';
import { Deliveries } from '../../src/http/deliveries.ts';
import { isObject, readObject } from '../../src/http/json.ts';
import { sparingly } from '../../src/http/sparingly.ts';
import { recordedLog } from '../support/log.ts';

describe('reading bodies', () => {
  const reader = (perBody: number, together = 10 * perBody) => {
    const read = createBodyReader({ perBody, together });
    return () => {
      const request = new IncomingMessage(new Socket());
      const done = read(request).then((one) => ('problem' in one ? one.problem : one.body.toString()));
      return {
        request,
        done,
        send: (text: string) => request.emit('data', Buffer.from(text)),
        end: () => request.emit('end'),
      };
    };
  };

  test('gives all that arrived, in order, in whatever pieces', async () => {
    const { send, end, done } = reader(1_000_000)();
    for (const part of ['{"a"', '', ':1', '}']) send(part);
    end();
    expect(await done).toBe('{"a":1}');
  });

  test('gives what is longer than its first buffer, whole', async () => {
    const { send, end, done } = reader(1_000_000)();
    const parts = Array.from({ length: 40 }, (_, index) => String(index % 10).repeat(1_000));
    for (const part of parts) send(part);
    end();
    expect(await done).toBe(parts.join(''));
  });

  test('gives nothing if there is nothing', async () => {
    const { end, done } = reader(10)();
    end();
    expect(await done).toBe('');
  });

  test.each([
    [['12345', '67890'], '1234567890'],
    [['12345', '678901'], 'too_large'],
    [['12345678901'], 'too_large'],
    [['1234567890', '1'], 'too_large'],
  ])('of at most ten bytes: %j', async (parts, expected) => {
    const { send, end, done } = reader(10)();
    for (const part of parts) send(part);
    end();
    expect(await done).toBe(expected);
  });

  test('keeps no network buffer: a body is stable when its buffer is reused', async () => {
    const { request, end, done } = reader(10)();
    const shared = Buffer.from('12345');
    request.emit('data', shared);
    shared.fill('x');
    end();
    expect(await done).toBe('12345');
  });

  test.each(['error', 'close'])('ends if the sender goes away (%s)', async (event) => {
    const { request, send, done } = reader(10)();
    send('123');
    request.emit(event, new Error('aborted'));
    expect(await done).toBe('cut_off');
  });

  test('ends once: a connection closed after the end has sent it all', async () => {
    const { request, send, end, done } = reader(10)();
    send('123');
    end();
    request.emit('close');
    send('4');
    expect(await done).toBe('123');
  });

  test('drops the newest if all together are too much and none is larger', async () => {
    const start = reader(100, 250);
    const all = [start(), start(), start()];
    // Each has room for as much as one may be.
    for (const { send } of all) send('x');
    for (const { end } of all) end();
    expect(await Promise.all(all.map(({ done }) => done))).toEqual(['x', 'x', 'crowded_out']);
  });

  test('drops the growing one if all together are too much and none is larger', async () => {
    const start = reader(100, 250);
    const [first, second, third] = [start(), start(), start()];
    second.send('x');
    third.send('x');
    first.send('x');
    for (const { end } of [first, second, third]) end();
    expect(await Promise.all([first.done, second.done, third.done])).toEqual(['crowded_out', 'x', 'x']);
  });

  test('keeps nothing that still arrives of a dropped one', async () => {
    const start = reader(100, 250);
    const [one, other, dropped] = [start(), start(), start()];
    for (const { send } of [one, other, dropped]) send('x');
    expect(await dropped.done).toBe('crowded_out');
    dropped.send('x');
    for (const { end } of [one, other]) end();
    const later = [start(), start()];
    for (const { send } of later) send('x');
    for (const { end } of later) end();
    expect(await Promise.all(later.map(({ done }) => done))).toEqual(['x', 'x']);
  });

  test('takes no more memory for what just fits', async () => {
    const start = reader(100_000, 2 * 8_192);
    const both = [start(), start()];
    for (const { send } of both) send('x'.repeat(8_191));
    for (const { send } of both) send('y');
    for (const { end } of both) end();
    expect((await Promise.all(both.map(({ done }) => done))).map(({ length }) => length)).toEqual([8_192, 8_192]);
  });

  test('goes on if all together are exactly the maximum', async () => {
    const start = reader(100, 200);
    const all = [start(), start()];
    for (const { send } of all) send('x');
    for (const { end } of all) end();
    expect(await Promise.all(all.map(({ done }) => done))).toEqual(['x', 'x']);
  });

  test('has room again when a body is done', async () => {
    const start = reader(100, 250);
    for (let each = 0; each < 10; each += 1) {
      const { send, end, done } = start();
      send('x'.repeat(100));
      end();
      expect(await done).toHaveLength(100);
    }
    const { send, request, done } = start();
    send('x'.repeat(100));
    request.emit('close');
    await done;
    const [one, other] = [start(), start()];
    for (const { send: fill, end: finish } of [one, other]) {
      fill('x'.repeat(100));
      finish();
    }
    expect(await Promise.all([one.done, other.done])).toEqual(['x'.repeat(100), 'x'.repeat(100)]);
  });

  test('drops the larger one of two, however far it has come', async () => {
    const start = reader(100_000, 130_000);
    const [large, small] = [start(), start()];
    large.send('x'.repeat(100_000));
    small.send('x'.repeat(20_000));
    small.send('x'.repeat(20_000));
    small.end();
    large.end();
    expect([await large.done, (await small.done).length]).toEqual(['crowded_out', 40_000]);
  });
});

describe('connections', () => {
  const clientFrom = (address: string): Socket =>
    Object.defineProperty(new Socket(), 'remoteAddress', { value: address });
  const limited = (most: number) => {
    const server = new Server();
    const connections = limitConnections(server, most);
    const come = (from: string) => {
      const client = clientFrom(from);
      server.emit('connection', client);
      return client;
    };
    return { connections, come };
  };
  const left = (...sockets: Socket[]) => sockets.map(({ destroyed }) => !destroyed);

  test('fill to the limit, and one more replaces the oldest of the fullest address', () => {
    const { come } = limited(3);
    const [other, first, second] = [come('10.0.0.1'), come('10.0.0.2'), come('10.0.0.2')];
    expect(left(other, first, second)).toEqual([true, true, true]);
    const third = come('10.0.0.2');
    expect(left(other, first, second, third)).toEqual([true, false, true, true]);
    const stranger = come('10.0.0.3');
    expect(left(other, second, third, stranger)).toEqual([true, false, true, true]);
  });

  test('in use keep their place, and are like any other afterwards', () => {
    const { connections, come } = limited(2);
    const [first, second] = [come('10.0.0.2'), come('10.0.0.2')];
    connections.spare(first);
    const third = come('10.0.0.2');
    expect(left(first, second, third)).toEqual([true, false, true]);
    connections.release(first);
    const fourth = come('10.0.0.2');
    expect(left(first, third, fourth)).toEqual([false, true, true]);
  });

  test('that are all in use are left alone: the newcomer goes', () => {
    const { connections, come } = limited(1);
    const first = come('10.0.0.1');
    connections.spare(first);
    const second = come('10.0.0.2');
    connections.spare(second);
    // The newcomer itself counts until somebody works for it.
    const third = come('10.0.0.3');
    expect(left(first, third)).toEqual([true, false]);
  });

  test('that were closed take no place', () => {
    const { connections, come } = limited(2);
    const [first, second] = [come('10.0.0.1'), come('10.0.0.1')];
    connections.spare(first);
    first.emit('close');
    const third = come('10.0.0.1');
    expect(left(second, third)).toEqual([true, true]);
  });

  test.each([
    [0, 8],
    [32, 8],
    [36, 9],
    [39, 9],
    [1_023, 255],
    [1_024, 256],
    [10_000, 256],
    [Number.POSITIVE_INFINITY, 256],
  ])('of %i open files are %i', (files, connections) => {
    expect(connectionsFor(files)).toBe(connections);
  });

  describe('are limited by the number of files that this process may open', () => {
    const { report } = process;
    afterEach(() => {
      vi.restoreAllMocks();
      Object.defineProperty(process, 'report', { value: report, configurable: true });
    });
    const systemSays = (said: object) => vi.spyOn(report, 'getReport').mockReturnValue(said);

    test('which it has, and without the names of those connected', () => {
      expect(openFilesLimit()).toBeGreaterThan(16);
      expect(Reflect.get(report, 'excludeNetwork')).toBe(true);
    });

    test.each<[object, number]>([
      [{ userLimits: { open_files: { soft: 300, hard: 'unlimited' } } }, 300],
      [{ userLimits: { open_files: { soft: 'unlimited' } } }, Number.POSITIVE_INFINITY],
      [{ userLimits: {} }, Number.POSITIVE_INFINITY],
      [{}, Number.POSITIVE_INFINITY],
    ])('%j', (said, limit) => {
      systemSays(said);
      expect(openFilesLimit()).toBe(limit);
    });

    test('or by nothing if the system does not say', () => {
      Object.defineProperty(process, 'report', { value: undefined, configurable: true });
      expect(openFilesLimit()).toBe(Number.POSITIVE_INFINITY);
    });
  });

  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::', '2001:db8:1:2'],
    ['2001:db8::5:6', '2001:db8:0:0'],
    ['2001::1:2:3:4:5:6', '2001:0:1:2'],
    ['::1', '0:0:0:0'],
    ['fe80::1', 'fe80:0:0:0'],
    ['', ''],
  ])('from %s come from %s', (address, place) => {
    expect(placeOf(address)).toBe(place);
  });
});

describe('saying the same thing sparingly', () => {
  const speaker = () => {
    let now = 0;
    const said: object[] = [];
    const say = sparingly(
      (facts, message) => void said.push({ ...facts, message }),
      () => now,
    );
    const advance = (ms: number) => {
      now += ms;
    };
    return { said, say, advance };
  };

  test('starts again after a minute, with how often it happened in between', () => {
    const { said, say, advance } = speaker();
    say('a', { n: 1 }, 'x');
    advance(59_999);
    say('a', { n: 2 }, 'x');
    expect(said).toHaveLength(1);
    advance(1);
    say('a', { n: 3 }, 'x');
    expect(said[1]).toEqual({ n: 3, andSince: 1, message: 'x' });
    advance(60_000);
    say('a', { n: 4 }, 'x');
    expect(said[2]).toEqual({ n: 4, message: 'x' });
  });

  test('also by the machine’s own clock', () => {
    const said: object[] = [];
    const say = sparingly((facts) => void said.push(facts));
    say('a', { n: 1 }, 'x');
    say('a', { n: 2 }, 'x');
    expect(said).toEqual([{ n: 1 }]);
  });

  test('remembers a hundred kinds', () => {
    const { said, say } = speaker();
    for (let kind = 0; kind < 100; kind += 1) say(String(kind), {}, 'x');
    for (let kind = 0; kind < 100; kind += 1) say(String(kind), {}, 'x');
    expect(said).toHaveLength(100);
    say('one more', {}, 'x');
    say('0', {}, 'x');
    expect(said).toHaveLength(102);
  });
});

describe('JSON', () => {
  test.each<[string, boolean]>([
    [`{"a":${'['.repeat(99)}${']'.repeat(99)}}`, true],
    [`{"a":${'['.repeat(100)}${']'.repeat(100)}}`, false],
    [`{"a":"${'['.repeat(500)}"}`, true],
    [`{"a":"\\"${'['.repeat(500)}"}`, true],
    [`{"a":"\\\\","b":${'['.repeat(100)}${']'.repeat(100)}}`, false],
    [`{"a":[${'{},'.repeat(500)}{}]}`, true],
    ['{"a":1}}', false],
  ])('that is parsed, or not: %#', (text, isRead) => {
    expect(readObject(text) !== null).toBe(isRead);
  });

  test.each([
    [{}, true],
    [null, false],
    [[], false],
    ['text', false],
    [undefined, false],
  ])('%j is an object: %s', (value, expected) => {
    expect(isObject(value)).toBe(expected);
  });
});

test('an answer to somebody who went away ends nothing', () => {
  const nothing = { routes: new Map(), pages: new Map() };
  const connections = { spare: () => undefined, release: () => undefined };
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  new Deliveries(nothing, connections, recordedLog()).handle(request, response);
  expect(() => response.emit('error', new Error('write EPIPE'))).not.toThrow();
});
