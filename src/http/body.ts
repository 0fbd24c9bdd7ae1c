import type { IncomingMessage } from 'node:http';

/** `too_large`: longer than one may be; `crowded_out`: dropped, because all together hold too much; `cut_off`: the sender went away. */
export type Unread = 'too_large' | 'crowded_out' | 'cut_off';

/** What became of reading a body: the whole of it, or why there is none. */
type Read = { readonly body: Buffer } | { readonly problem: Unread };

const FIRST_BUFFER_BYTES = 8_192;

interface Reading {
  buffer: Buffer;
  end(read: Read): void;
}

/**
 * Reads bodies within a limit for each and one for all of them together. What arrives is copied: a slice of it would
 * keep alive the whole buffer that the network filled, 64 kB for a single byte. Where all together become too much, the
 * largest unfinished one is dropped: that is never a genuine delivery, which is small and arrives at once.
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
      // A sender who goes away in the middle is an error first and closed then; one of them is enough.
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
