import type { Command } from '../jit.ts';
import { complain, UsageError } from '../options.ts';

/** `jit policy …`: each verb loads when it is used. Exit codes: 0 fine, 1 something was found, 2 it could not be done. */
const VERBS: Readonly<
  Record<string, { usage: string; load: () => Promise<{ run: (args: readonly string[]) => Promise<number> }> }>
> = {
  check: {
    usage:
      'jit policy check [FILE] [--online] [--live [--database FILE]] [--json]   form and sense; --online asks Slack and PagerDuty too, --live whether what is live could still be taken back',
    load: () => import('./check.ts'),
  },
  test: {
    usage: 'jit policy test [FILE] [--cases FILE] [--json]   cases beside the policy, and which rules they cover',
    load: () => import('./test.ts'),
  },
  explain: {
    usage: 'jit policy explain [FILE] --case NAME | --request ID [--database FILE]   one decision as a tree',
    load: () => import('./explain.ts'),
  },
  replay: {
    usage:
      'jit policy replay [--since 90d] [--policy NEW] [--database FILE] [--json | --html FILE]   recorded decisions again',
    load: () => import('./replay.ts'),
  },
  diff: {
    usage: 'jit policy diff OLD NEW [--json]                 what changes in meaning: who gains what, who loses what',
    load: () => import('./diff.ts'),
  },
  schema: {
    usage:
      'jit policy schema [--reference]                  the JSON Schema of the file, for editors; or every field as a page',
    load: () => import('./schema.ts'),
  },
};

export const policy: Command = {
  usage: Object.values(VERBS).map(({ usage }) => usage),
  run: async ([name = '', ...args]) => {
    const verb = VERBS[name];
    const usage = verb ? [verb.usage] : Object.values(VERBS).map((one) => one.usage);
    return complain('jit policy', usage, async () => {
      if (!verb) throw new UsageError(name === '' ? 'say what to do' : `there is no "jit policy ${name}"`);
      return (await verb.load()).run(args);
    });
  },
};
