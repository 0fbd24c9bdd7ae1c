import type { IncomingMessage } from 'node:http';

/**
 * `too_large`: over the limit of one body. `crowded_out`: dropped, because all bodies together are over their limit.
 * `cut_off`: the sender went away.
 */
export type Unread = 'too_large' | 'crowded_out' | 'cut_off';

/** A complete body, or why there is none. */
type Read = { readonly body: Buffer } | { readonly problem: Unread };

const FIRST_BUFFER_BYTES = 8_192;

interface Reading {
  buffer: Buffer;
  end(read: Read): void;
}

/**
 * Reads bodies within a limit for each and a limit for all together. Chunks are copied, because a slice would keep the
 * whole network buffer alive, 64 kB for a single byte. Over the common limit, the largest unfinished body is dropped:
 * that is never a genuine delivery, which is small and arrives at once.
 * @param limits in bytes
 */
export function createBodyReader(limits: {
  readonly perBody: number;
  readonly together: number;
}): (request: IncomingMessage) => Promise<Read> {
  const unfinished = new Set<Reading>();
  let held = 0;

  function grow(reading: Reading, needed: number): void {
    const size = Math.min(Math.max(reading.buffer.length * 2, needed, FIRST_BUFFER_BYTES), limits.perBody);
    const larger = Buffer.alloc(size);
    reading.buffer.copy(larger);
    held += size - reading.buffer.length;
    reading.buffer = larger;
    if (held <= limits.together) return;
    const largest = [...unfinished].reduce((a, b) => (b.buffer.length > a.buffer.length ? b : a), reading);
    largest.end({ problem: 'crowded_out' });
  }

  return (request) =>
    new Promise((resolve) => {
      let length = 0;
      const reading: Reading = {
        buffer: Buffer.alloc(0),
        end: (read) => {
          if (!unfinished.delete(reading)) return;
          held -= reading.buffer.length;
          reading.buffer = Buffer.alloc(0);
          request.off('data', take);
          resolve(read);
        },
      };
      unfinished.add(reading);
      request.on('data', take);
      request.once('end', () => reading.end({ body: reading.buffer.subarray(0, length) }));
      // If the sender goes away, both `error` and `close` are emitted. One is enough.
      request.once('error', () => reading.end({ problem: 'cut_off' }));
      request.once('close', () => reading.end({ problem: 'cut_off' }));

      function take(chunk: Buffer): void {
        if (length + chunk.length > limits.perBody) {
          reading.end({ problem: 'too_large' });
          return;
        }
        if (length + chunk.length > reading.buffer.length) grow(reading, length + chunk.length);
        if (!unfinished.has(reading)) return;
        chunk.copy(reading.buffer, length);
        length += chunk.length;
      }
    });
}
