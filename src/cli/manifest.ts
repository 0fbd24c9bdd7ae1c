import { appManifest } from '../app/manifest.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { MANIFEST } from '../wording/terminal/options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/** `jitbot manifest`: what to paste at api.slack.com/apps → Create New App → From a manifest. */
export function manifest({ values, files }: Given<typeof MANIFEST>): number {
  if (files.length > 0) throw new UsageError(MISUSE.notUnderstood(files));
  process.stdout.write(appManifest(values.http === undefined ? null : addressOf(values.http)));
  return 0;
}

/** Slack accepts only https. The manifest adds the path. */
function addressOf(typed: string): string {
  const url = URL.canParse(typed) ? new URL(typed) : null;
  if (url?.protocol !== 'https:' || url.search !== '' || url.hash !== '') throw new UsageError(MISUSE.address(typed));
  return url.href.replace(/\/+$/, '').replace(/\/slack\/events$/, '');
}
