import { CHANGED } from '../wording/reasons/policyChanges.ts';
import { canaryText } from './canary.ts';
import type { Policy, Resource, RetiredTarget, Role } from './policy.ts';
import { roleKey } from './policy.ts';
import { ruleText } from './policyText.ts';
import { breakGlassText, endsText, freezesText, limitsText, secondFactorText } from './roleText.ts';
import { durationText } from './terms.ts';
import { counted } from './text.ts';
import { clockText } from './weekHours.ts';

/** The changes of a new policy, one line each, for the person about to put it in force. */
export const policyChanges = (before: Policy, after: Policy): string[] => [
  ...changesAround(before, after),
  ...[...after.resources.values()].flatMap((resource) => resourceChanges(before.resources.get(resource.id), resource)),
];

/** What changes besides the resources of the new policy. */
export function changesAround(before: Policy, after: Policy): string[] {
  const lines: string[] = [];
  const say = (what: string, a: unknown, b: unknown) => {
    lines.push(...changed(a, b).map((change) => `${what}: ${change}`));
  };
  say('audit channel', before.auditChannel, after.auditChannel);
  say('approvals channel', before.approvalsChannel, after.approvalsChannel);
  say('administrators', before.admins, after.admins);
  say('auditors', before.auditors, after.auditors);
  say('environment', before.environment ?? 'none', after.environment ?? 'none');
  say('digest', digestText(before), digestText(after));
  say(CHANGED.drift, durationText(before.driftEvery), durationText(after.driftEvery));
  say('delegates', before.delegates, after.delegates);
  say('alarms page', before.alarms?.page ?? 'nobody', after.alarms?.page ?? 'nobody');
  say('canary', canaryText(before.canary), canaryText(after.canary));
  say(CHANGED.samePerson, samePersonText(before), samePersonText(after));
  say(CHANGED.emailDomains, domainsText(before), domainsText(after));
  for (const id of new Set([...before.identities.keys(), ...after.identities.keys()]))
    say(CHANGED.called(id), before.identities.get(id) ?? 'none', after.identities.get(id) ?? 'none');
  const [retired, retiring] = [before, after].map(({ retiredTargets }) => new Map(retiredTargets.map(named)));
  for (const name of new Set([...(retired?.keys() ?? []), ...(retiring?.keys() ?? [])]))
    say(CHANGED.retired(name), retired?.get(name) ?? 'none', retiring?.get(name) ?? 'none');
  for (const resource of before.resources.values())
    if (!after.resources.has(resource.id)) lines.push(CHANGED.resourceGone(resource.id));
  return lines;
}

/** What changes at a resource. @param old undefined if it is new */
export function resourceChanges(old: Resource | undefined, resource: Resource): string[] {
  const lines: string[] = [];
  const say = (what: string, a: unknown, b: unknown) => {
    lines.push(...changed(a, b).map((change) => `${resource.id}: ${what}: ${change}`));
  };
  if (!old) lines.push(CHANGED.resourceNew(resource.id));
  lines.push(...targetChanges(old, resource));
  if (old) say('name', old.name, resource.name);
  if (old) say('services', old.services, resource.services);
  if (old) say('owners', old.owners, resource.owners);
  if (old) say('drift', old.drift, resource.drift);
  for (const role of old?.roles.values() ?? [])
    if (!resource.roles.has(role.id)) lines.push(CHANGED.roleGone(roleKey(role)));
  for (const role of resource.roles.values()) lines.push(...roleChanges(old?.roles.get(role.id), role));
  return lines;
}

/** As written: what stands for a variable may be a secret, and only that it changed is told. */
function targetChanges(old: Resource | undefined, { id, kind, target, asWritten = {} }: Resource): string[] {
  const before = old?.asWritten ?? {};
  const lines = [...new Set([...Object.keys(before), ...Object.keys(asWritten)])].flatMap((field) => {
    const [was, is] = [before[field], asWritten[field]];
    return changed(was, is).map((change) => `${id}: target ${field}: ${old ? change : text(is)}`);
  });
  if (lines.length > 0 || !old) return lines;
  const bothKnown = old.target !== undefined && target !== undefined;
  const hasChanged = old.kind !== kind || (bothKnown && JSON.stringify(old.target) !== JSON.stringify(target));
  return hasChanged ? [CHANGED.targetChanged(id)] : [];
}

/** @param before undefined if it is new: then everything is told, since nothing of it was there */
function roleChanges(before: Role | undefined, after: Role): string[] {
  const key = roleKey(after);
  const [was, is] = [before ? factsOf(before) : new Map<string, string>(), factsOf(after)];
  const lines = [...new Set([...was.keys(), ...is.keys()])].flatMap((what) => {
    const [old, now] = [was.get(what) ?? 'none', is.get(what) ?? 'none'];
    return old === now ? [] : [`${key}: ${what} ${before ? `${old} → ${now}` : now}`];
  });
  return before ? lines : [CHANGED.roleNew(key, counted(after.rules.length, 'rule')), ...lines];
}

const factsOf = (role: Role): ReadonlyMap<string, string> =>
  new Map([
    ['name', role.name],
    ['longest', durationText(role.duration.max)],
    ['with extensions', durationText(role.duration.total)],
    ['default', durationText(role.duration.default)],
    ['risk', role.risk],
    ['gives', exact(role.gives)],
    ['narrower', text(role.narrower)],
    ['ends', endsText(role)],
    ['reason', reasonText(role)],
    ['second factor', secondFactorText(role)],
    ['break-glass', breakGlassText(role)],
    ['limits', limitsText(role)],
    ['freezes', freezesText(role)],
    ['OPA', text(role.opa)],
    ...role.rules.map((rule, index) => [`rule ${index + 1}`, ruleText(rule)] as const),
  ]);

const reasonText = ({ reason }: Role): string => CHANGED.reason(reason.minLength, reason.ticket?.source ?? null);
const WEEKDAYS = ['', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const digestText = ({ digest }: Policy): string =>
  digest === null ? 'never' : [WEEKDAYS[digest.day], clockText(digest.minute), digest.timeZone].join(' ');
const domainsText = ({ emailDomains = [] }: Policy): string => emailDomains.join(', ') || 'any';
const named = ({ name, kind, asWritten }: RetiredTarget) => [name, asWritten ?? { kind }] as const;
const samePersonText = ({ samePerson }: Policy): string =>
  samePerson.map((accounts) => accounts.join(' = ')).join(', ') || 'none';

/** What a value was and what it is, unless it is the same. Where both read alike, as the file has them. */
function changed(was: unknown, is: unknown): string[] {
  if (JSON.stringify(was) === JSON.stringify(is)) return [];
  const [a, b] = [text(was), text(is)];
  return [a === b ? `${exact(was)} → ${exact(is)}` : `${a} → ${b}`];
}

const exact = (value: unknown): string => JSON.stringify(value) ?? 'none';

/** Lists of ids as people write them. What a target or a policy engine calls its own stays as it is in the file. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return 'none';
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
    ? value.join(', ')
    : JSON.stringify(value);
}
