import { createHmac, randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';

/** How Slack brings a delivery to the app: over one of its sockets, or as a signed HTTP request. */
export interface DeliveryOptions {
  readonly signingSecret: string;
  readonly now: () => number;
}

/** Slack's patience: an envelope that is not acknowledged comes again. */
const REDELIVER_MS = 4_000;
const DELIVERIES = 3;
/** A person sees an error when the app takes longer. */
const ACK_MS = 3_000;

export type Kind = 'slash_commands' | 'interactive' | 'events_api';

/** The app did not acknowledge in time: what a person sees as "did not respond". */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

export interface AppLink {
  /** Delivers and waits for the app's acknowledgement with its payload. @throws NoAnswerError */
  deliver(kind: Kind, payload: Record<string, unknown>): Promise<unknown>;
  /** The next deliveries of this kind come twice. */
  doubleNext(count: number): void;
  connect(socket: WebSocket): void;
  /** Tells every socket to reconnect, as Slack does every few hours. */
  refresh(reason: 'refresh_requested' | 'link_disabled'): void;
  dropAll(): void;
  /** Sends a frame as it stands over every socket, whatever it is. */
  sendFrame(frame: string | Buffer): void;
  connections(): number;
  /** HTTP mode: where the app listens. */
  useHttp(url: string): void;
}

export function createAppLink({ signingSecret, now }: DeliveryOptions): AppLink {
  const sockets: WebSocket[] = [];
  const waiting: Waiting = new Map();
  let doubles = 0;
  let httpUrl: string | null = null;
  let turn = 0;

  function deliverBySocket(kind: Kind, payload: Record<string, unknown>): Promise<unknown> {
    const isDouble = doubles > 0;
    if (isDouble) doubles -= 1;
    const send = (frame: object) => {
      const socket = sockets[turn++ % Math.max(1, sockets.length)];
      socket?.send(JSON.stringify(frame));
      return socket;
    };
    return deliverUntilAcknowledged({ kind, payload }, { send, waiting, isDouble });
  }

  return {
    connect: (socket) => {
      sockets.push(socket);
      socket.on('close', () => sockets.splice(sockets.indexOf(socket), 1));
      socket.on('message', (data) => {
        const ack = JSON.parse(String(data)) as { envelope_id?: string; payload?: unknown };
        if (ack.envelope_id) waiting.get(ack.envelope_id)?.acknowledge(ack.payload);
      });
      socket.send(
        JSON.stringify({
          type: 'hello',
          num_connections: sockets.length,
          connection_info: { app_id: 'A0JITBOT' },
          debug_info: { host: 'sandbox' },
        }),
      );
      for (const envelope of waiting.values()) envelope.connected();
    },
    deliver: (kind, payload) =>
      httpUrl ? deliverByHttp({ url: httpUrl, signingSecret, now }, kind, payload) : deliverBySocket(kind, payload),
    doubleNext: (count) => {
      doubles = count;
    },
    refresh: (reason) => {
      for (const socket of sockets)
        socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'sandbox' } }));
    },
    dropAll: () => {
      for (const socket of [...sockets]) socket.terminate();
    },
    sendFrame: (frame) => {
      for (const socket of sockets) socket.send(frame);
    },
    connections: () => sockets.length,
    useHttp: (url) => {
      httpUrl = url;
    },
  };
}

interface WaitingEnvelope {
  readonly acknowledge: (payload: unknown) => void;
  /** The app has a new connection. */
  readonly connected: () => void;
}

/** What waits for an acknowledgement, by the envelope's id. */
type Waiting = Map<string, WaitingEnvelope>;

interface Line {
  /** @returns the socket that took it; none when the app has no connection */
  readonly send: (frame: object) => WebSocket | undefined;
  readonly waiting: Waiting;
  /** It is delivered twice, as Slack does now and then. */
  readonly isDouble: boolean;
}

/**
 * Over a socket: sent again, a few times, until the app acknowledges. What was lost with its connection is sent over the next one:
 * an app whose clock moves on takes its connection for dead and makes another.
 */
function deliverUntilAcknowledged(
  { kind, payload }: { readonly kind: Kind; readonly payload: Record<string, unknown> },
  { send, waiting, isDouble }: Line,
): Promise<unknown> {
  const envelopeId = randomUUID();
  let takenBy: WebSocket | undefined;
  const sendTry = (attempt: number) => {
    takenBy = send({
      envelope_id: envelopeId,
      type: kind,
      payload,
      accepts_response_payload: kind !== 'events_api',
      ...(attempt > 0 && { retry_attempt: attempt, retry_reason: 'timeout' }),
    });
  };
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new NoAnswerError('the app did not respond')), ACK_MS);
    let attempt = 0;
    const again = setInterval(() => {
      attempt += 1;
      if (attempt < DELIVERIES) sendTry(attempt);
      else finish();
    }, REDELIVER_MS);
    const finish = () => {
      clearTimeout(late);
      clearInterval(again);
      waiting.delete(envelopeId);
    };
    waiting.set(envelopeId, {
      acknowledge: (answer) => {
        finish();
        resolve(answer);
      },
      connected: () => {
        if (takenBy?.readyState !== WebSocket.OPEN) sendTry(attempt);
      },
    });
    sendTry(0);
    if (isDouble) sendTry(1);
  });
}

/** Over HTTP, signed as Slack signs. */
async function deliverByHttp(
  { url, signingSecret, now }: DeliveryOptions & { readonly url: string },
  kind: Kind,
  payload: Record<string, unknown>,
): Promise<unknown> {
  const body =
    kind === 'events_api'
      ? JSON.stringify(payload)
      : new URLSearchParams(
          kind === 'interactive' ? { payload: JSON.stringify(payload) } : (payload as Record<string, string>),
        ).toString();
  const timestamp = String(Math.floor(now() / 1000));
  const signature = `v0=${createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
  const response = await fetch(url, {
    method: 'POST',
    body,
    signal: AbortSignal.timeout(ACK_MS),
    headers: {
      'content-type': kind === 'events_api' ? 'application/json' : 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signature,
    },
  }).catch((error: unknown) => {
    throw new NoAnswerError('the app did not respond', { cause: error });
  });
  const text = await response.text();
  if (!response.ok) throw new NoAnswerError(`the app answered ${response.status}`);
  return text === '' ? undefined : text.startsWith('{') ? JSON.parse(text) : { text };
}
