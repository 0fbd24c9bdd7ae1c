import type { RoleKey } from '../../domain/terms.ts';
import { REPLAY_PAGE } from '../../wording/terminal/policy.ts';

/** A replay as one page, without network or script, that prints well. */
export function replayPage({ policy, since, decisions, changed, moves, untold }: Replay): string {
  const cells = (values: readonly string[], tag = 'td') =>
    values.map((value) => `<${tag}>${escapeHtml(value)}</${tag}>`).join('');
  const rows = [...changed, ...untold].map(
    (one) =>
      `<tr class="${one.after}">${cells([`#${one.seq}`, one.at, one.request, one.person, one.role, `${one.before} → ${one.after}`, one.why])}</tr>`,
  );
  const summary = [
    ...Object.entries(moves).map(([move, count]) => `<li><b>${count}</b> ${escapeHtml(move)}</li>`),
    ...(untold.length > 0 ? [`<li>${REPLAY_PAGE.untold(untold.length)}</li>`] : []),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${REPLAY_PAGE.title}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1d1c1d; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #ddd; }
tr.allow td:nth-child(6) { color: #0a6b3d; font-weight: 600 } tr.deny td:nth-child(6) { color: #b3123b; font-weight: 600 }
.scroll { overflow-x: auto } @media print { body { margin: 0; max-width: none } }
</style></head><body>
<h1>${REPLAY_PAGE.head(changed.length, decisions)}</h1>
<p>${escapeHtml(REPLAY_PAGE.about(since))} <code>${escapeHtml(policy)}</code>.</p>
${summary.length > 0 ? `<ul>${summary.join('')}</ul>` : `<p>${REPLAY_PAGE.nothing}</p>`}
${rows.length > 0 ? `<div class="scroll"><table><thead><tr>${cells(REPLAY_PAGE.columns, 'th')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>` : ''}
</body></html>
`;
}

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export interface Changed {
  readonly seq: number;
  readonly at: string;
  readonly request: string;
  readonly person: string;
  readonly role: RoleKey;
  readonly before: string;
  readonly after: string;
  readonly why: string;
}

export interface Replay {
  readonly policy: string;
  readonly since: string;
  readonly decisions: number;
  readonly changed: readonly Changed[];
  /** How many decisions changed, by kind of change, such as `deny → allow`. */
  readonly moves: Readonly<Record<string, number>>;
  /** Those that rest on what was not looked up then: neither the same nor changed. */
  readonly untold: readonly Changed[];
}
