import type { Server } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import { z } from 'zod';

/** More would be useless: a delivery takes milliseconds. */
const MOST_CONNECTIONS = 256;
/** Files reserved for the bot's own calls, its database and its targets. */
const SHARE_OF_OPEN_FILES = 1 / 4;
/** With fewer open files than this, the bot's own calls are at risk. */
export const ENOUGH_OPEN_FILES = 1_024;

const reportSchema = z.object({
  userLimits: z.object({ open_files: z.object({ soft: z.union([z.number(), z.literal('unlimited')]) }) }),
});

/** Maximum number of open files and connections of this process. Infinity if the system does not say. */
export function openFilesLimit(): number {
  if (!process.report) return Number.POSITIVE_INFINITY;
  // Without this, it resolves the name of every connected address.
  Reflect.set(process.report, 'excludeNetwork', true);
  const limits = reportSchema.safeParse(process.report.getReport()).data?.userLimits;
  const soft = limits?.open_files.soft ?? 'unlimited';
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft;
}

/**
 * Maximum number of incoming connections, well below the process limit, so that the bot's own calls always get through.
 */
export const connectionsFor = (openFiles: number): number =>
  Math.max(8, Math.min(MOST_CONNECTIONS, Math.floor(openFiles * SHARE_OF_OPEN_FILES)));

/** Connections with a genuine delivery in progress. They are never closed. */
export interface Connections {
  spare(socket: Socket): void;
  release(socket: Socket): void;
}

/**
 * Keeps at most `most` connections. A further one replaces the oldest of the address with the most: a sender who holds
 * many idle connections only loses their own.
 */
export function limitConnections(server: Server, most: number): Connections {
  /** In order of arrival. */
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

/** The address, or for IPv6 its /64 network, because one sender usually has all addresses of a /64. */
export function placeOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address.replace(/^::ffff:/, '');
  const [head = '', tail] = address.split('::');
  const front = head.split(':').filter(Boolean);
  const back = tail?.split(':').filter(Boolean) ?? [];
  const zeros = tail === undefined ? [] : new Array<string>(8 - front.length - back.length).fill('0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}
