import type { JobHandler } from '../../ports/jobs.ts';
import { slackErrorCode, slackProblem } from '../link/clients.ts';
import { isForGood } from '../link/gate.ts';
import { LaterError } from './delivery.ts';

/** "Later" is a date, not a failure. */
export const whenSlackAllows =
  (work: (key: string, attempt: number) => Promise<void>): JobHandler =>
  async (key, attempt) => {
    try {
      await work(key, attempt);
      return null;
    } catch (error) {
      if (error instanceof LaterError) return { notBefore: error.notBefore, waiting: true };
      // Even in plain words, which the log has said: sending it again would not change Slack's mind.
      if (isForGood(slackErrorCode(error))) return null;
      // The log says what Slack's word means and what to do about it.
      throw slackErrorCode(error) ? new Error(slackProblem(error), { cause: error }) : error;
    }
  };
