import type { Server } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import { z } from 'zod';

/** More are of no use: a delivery takes milliseconds. */
const MOST_CONNECTIONS = 256;
/** What the bot keeps for its own calls, its database and its targets. */
const SHARE_OF_OPEN_FILES = 1 / 4;
/** Below this many open files the bot's own calls are at risk. */
export const ENOUGH_OPEN_FILES = 1_024;

const reportSchema = z.object({
  userLimits: z.object({ open_files: z.object({ soft: z.union([z.number(), z.literal('unlimited')]) }) }),
});

/** How many files and connections the system lets this process open. Infinity where it does not say. */
export function openFilesLimit(): number {
  if (!process.report) return Number.POSITIVE_INFINITY;
  // Without this it looks up the name of every address that the process is connected to.
  Reflect.set(process.report, 'excludeNetwork', true);
  const limits = reportSchema.safeParse(process.report.getReport()).data?.userLimits;
  const soft = limits?.open_files.soft ?? 'unlimited';
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft;
}

/** Incoming connections at a time, well below what the process may open, so that its own calls always get through. */
export const connectionsFor = (openFiles: number): number =>
  Math.max(8, Math.min(MOST_CONNECTIONS, Math.floor(openFiles * SHARE_OF_OPEN_FILES)));

/** Connections whose delivery was found genuine and is being worked on: they are left alone. */
export interface Connections {
  spare(socket: Socket): void;
  release(socket: Socket): void;
}

/**
 * Keeps at most so many connections. One more takes the place of the oldest at the address that has the most: whoever
 * holds many open, and sends nothing on them, only ever loses their own.
 */
export function limitConnections(server: Server, most: number): Connections {
  /** In the order in which they came. */
  const open = new Map<Socket, string>();
  const spared = new Set<Socket>();

  function oneToDrop(newcomer: Socket): Socket {
    const byPlace = new Map<string, { count: number; oldest: Socket }>();
    for (const [socket, place] of open) {
      if (spared.has(socket)) continue;
      const seen = byPlace.get(place);
      if (seen) seen.count += 1;
      else byPlace.set(place, { count: 1, oldest: socket });
    }
    const [fullest] = [...byPlace.values()].sort((a, b) => b.count - a.count);
    return fullest?.oldest ?? newcomer;
  }

  server.on('connection', (socket) => {
    open.set(socket, placeOf(socket.remoteAddress ?? ''));
    socket.once('close', () => {
      open.delete(socket);
      spared.delete(socket);
    });
    if (open.size <= most) return;
    const dropped = oneToDrop(socket);
    open.delete(dropped);
    dropped.destroy();
  });
  return { spare: (socket) => void spared.add(socket), release: (socket) => void spared.delete(socket) };
}

/** An address; of IPv6 its network of 64 bits, since whoever has one address there has them all. */
export function placeOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address.replace(/^::ffff:/, '');
  const [head = '', tail] = address.split('::');
  const front = head.split(':').filter(Boolean);
  const back = tail?.split(':').filter(Boolean) ?? [];
  const zeros = tail === undefined ? [] : new Array<string>(8 - front.length - back.length).fill('0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}
