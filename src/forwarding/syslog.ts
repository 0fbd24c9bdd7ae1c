import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { isLoud } from '../domain/events.ts';
import { type Millis, SECOND } from '../domain/terms.ts';
import { NotTaken, type Receiver, type Sent } from './receiver.ts';

const TIMEOUT: Millis = 10 * SECOND;
/** RFC 5424, table 1: log audit. */
const FACILITY = 13;
/** RFC 5424, table 2. */
const SEVERITY = { warning: 4, informational: 6 };
/**
 * RFC 5424, 6.3.2: private names need an enterprise number. RFC 5612 reserves this one for documentation and for those
 * without a number.
 */
const SD_ID = 'jit@32473';

/** An event in RFC 5424. The message is the whole event as JSON; the structured data is for filters. */
export function syslogLine(event: Sent, host = hostname()): string {
  const priority = FACILITY * 8 + (isLoud(event.type) ? SEVERITY.warning : SEVERITY.informational);
  const data = { seq: event.seq, hash: event.hash, request: event.requestId, grant: event.grantId };
  const params = Object.entries(data)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}="${value}"`)
    .join(' ');
  const at = new Date(event.at).toISOString();
  return `<${priority}>1 ${at} ${host || '-'} jitbot - ${event.type} [${SD_ID} ${params}] \uFEFF${JSON.stringify(event)}`;
}

/**
 * @param place `udp://host:port` (RFC 5426), `tcp://…` (RFC 6587, counted octets) or `tls://…` (RFC 5425)
 * @param patience how long a connection on which nothing moves is waited for
 */
export function openSyslog(place: string, patience: Millis = TIMEOUT): Receiver {
  const { protocol, hostname: host, port } = new URL(place);
  const name = host.replace(/^\[|\]$/g, '');
  if (protocol === 'udp:') return openUdp(name, Number(port));
  return openStream({ isTls: protocol === 'tls:', host: name, port: Number(port), patience });
}

function openUdp(host: string, port: number): Receiver {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return {
    send: (event) =>
      new Promise((resolve, reject) => {
        const line = Buffer.from(syslogLine(event), 'utf8');
        socket.send(line, port, host, (error) => {
          if (!error) resolve();
          else
            reject(isTooLong(error) ? new NotTaken(`${line.length} bytes are more than a UDP datagram holds`) : error);
        });
      }),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

const isTooLong = (error: Error): boolean => 'code' in error && error.code === 'EMSGSIZE';

interface Stream {
  readonly isTls: boolean;
  readonly host: string;
  readonly port: number;
  readonly patience: Millis;
}

function openStream({ isTls, host, port, patience }: Stream): Receiver {
  let opening: Promise<Socket> | null = null;
  const open = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket: Socket = isTls ? connectTls({ host, port }) : connect({ host, port });
      socket.setTimeout(patience, () => socket.destroy(new Error(`${host}:${port} did not answer in time`)));
      socket.once(isTls ? 'secureConnect' : 'connect', () => resolve(socket));
      // The handler stays after the promise is settled: a later error is reported to the next write.
      socket.on('error', reject);
    });
  return {
    send: async (event) => {
      opening ??= open();
      const socket = await opening;
      const line = Buffer.from(syslogLine(event), 'utf8');
      await new Promise<void>((resolve, reject) => {
        socket.write(Buffer.concat([Buffer.from(`${line.length} `), line]), (error) =>
          error ? reject(error) : resolve(),
        );
      });
    },
    close: async () => {
      // `send` has already thrown why it could not be opened.
      const socket = await opening?.catch(() => null);
      if (!socket || socket.destroyed) return;
      await new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
        socket.end(() => socket.destroy());
      });
    },
  };
}
