/** What was unusual about a request or a review: the facts, for reviewers and auditors. */

export const SIGNAL_FACTS = {
  firstTime: (resource: string): string => `never had access to ${resource} before`,
  unusualHour: (clock: string, requests: number, hours: number): string =>
    `it is ${clock} for them; none of their last ${requests} requests came within ${hours} hours of that`,
  manyRequests: (number: number, within: string, events: string): string =>
    `request number ${number} within ${within} (${events})`,
  denials: (times: number, events: string): string => `denied ${times} times in 7 days (${events})`,
  quick: (reviews: number, seconds: number): string =>
    `the last ${reviews} reviews by this reviewer were all approvals, each within ${seconds} s of the request`,
  mutual: (given: number, received: number): string =>
    `these two approve only each other: ${given} and ${received} approvals in 90 days, by nobody else`,
} as const;
