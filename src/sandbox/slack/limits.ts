/** Slack's rate limits. https://docs.slack.dev/apis/web-api/rate-limits */
export interface Limits {
  /** @returns seconds to wait; 0: the call may be made, and counts */
  wait(name: string, perMinute: number, channel: string | null): number;
}

/** Posting is limited per channel, with a short burst. */
const POSTS_PER_SECOND = 1;
const POST_BURST = 4;

/** Token buckets, by real time: a method's over a minute, and one per channel for posting. */
export function createLimits(): Limits {
  const buckets = new Map<string, { tokens: number; at: number }>();
  function take(key: string, perSecond: number, burst: number): number {
    const now = performance.now() / 1000;
    const bucket = buckets.get(key) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + (now - bucket.at) * perSecond);
    if (tokens < 1) {
      buckets.set(key, { tokens, at: now });
      return Math.ceil((1 - tokens) / perSecond);
    }
    buckets.set(key, { tokens: tokens - 1, at: now });
    return 0;
  }
  return {
    wait: (method: string, perMinute: number, channel: string | null): number =>
      take(method, perMinute / 60, perMinute) || (channel ? take(`post ${channel}`, POSTS_PER_SECOND, POST_BURST) : 0),
  };
}
