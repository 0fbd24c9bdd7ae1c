/** A client of Slack that says what a test tells it to, by method, and sends nothing anywhere. */

import { type WebAPICallResult, WebClient } from '@slack/web-api';
import { WebAPIPlatformError } from '../../src/slack/link/clients.ts';

type Answer = object | ((asked: Record<string, unknown>) => object | Promise<object>);

export interface SlackCall {
  readonly method: string;
  readonly asked: Record<string, unknown>;
}

export class SaidClient extends WebClient {
  readonly #answers = new Map<string, Answer>();
  /** What was asked so far, in order. */
  readonly sent: SlackCall[] = [];

  constructor() {
    super('xoxb-nobody');
  }

  says(method: string, answer: Answer): void {
    this.#answers.set(method, answer);
  }

  /** How often it was asked. */
  count(method: string): number {
    return this.sent.filter((call) => call.method === method).length;
  }

  override async apiCall(method: string, asked: Record<string, unknown> = {}): Promise<WebAPICallResult> {
    this.sent.push({ method, asked });
    const answer = this.#answers.get(method);
    if (!answer) throw refusedBySlack('unknown_method');
    return { ok: true, ...(typeof answer === 'function' ? await answer(asked) : answer) };
  }
}

export const refusedBySlack = (code: string) => new WebAPIPlatformError({ ok: false, error: code });

/** An answer that is an error: `client.says('users.info', failing(refusedBySlack('user_not_found')))`. */
export const failing = (error: Error) => (): object => {
  throw error;
};
