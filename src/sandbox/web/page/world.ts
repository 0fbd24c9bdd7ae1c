/** The world around the bot: PagerDuty, the targets, the clock, and what can go wrong. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { TargetRights } from '../targets.ts';
import { ask, clockTime, dayTime, fetchTargets, html, type Snapshot } from './store.ts';

const FAULTS = [
  ['slow', 'Slow'],
  ['hangs', 'Never answers'],
  ['rate_limited', 'Rate-limited (429)'],
  ['error_500', 'Errors (500)'],
  ['html', 'HTML instead of JSON'],
  ['dropped', 'Connections cut'],
] as const;

const JUMPS = [
  [5, '+5 min'],
  [30, '+30 min'],
  [60, '+1 h'],
  [240, '+4 h'],
  [1440, '+1 day'],
] as const;

export function World({ state, timeZone }: { state: Snapshot; timeZone: string }) {
  return html`<section class="world" aria-label="The world around the bot"><h2>The world around the bot</h2>
    <${ClockCard} state=${state} timeZone=${timeZone} />
    <${PagerDutyCard} state=${state} timeZone=${timeZone} />
    <${TargetCard} state=${state} timeZone=${timeZone} />
    <${FaultCard} state=${state} />
  </section>` as VNode;
}

function ClockCard({ state, timeZone }: { state: Snapshot; timeZone: string }) {
  return html`<section class="card"><h3>Clock</h3><p class="big">${dayTime(state.now, timeZone)}</p>
    <div class="row">${JUMPS.map(([minutes, label]) => html`<button type="button" class="button" onClick=${() => ask({ do: 'jump', minutes })}>${label}</button>`)}</div>
    <p class="hint">Jump ahead to see access expire.</p></section>` as VNode;
}

function PagerDutyCard({ state, timeZone }: { state: Snapshot; timeZone: string }) {
  const { pagerDuty } = state;
  const [title, setTitle] = useState('');
  const open = (event: Event) => {
    event.preventDefault();
    if (title.trim() === '') return;
    void ask({
      do: 'openIncident',
      title,
      service: pagerDuty.services[0]?.id,
      user: pagerDuty.schedules[0]?.now?.user ?? pagerDuty.users[0]?.id,
    });
    setTitle('');
  };
  return html`<section class="card"><h3>PagerDuty</h3>
    <table><thead><tr><th scope="col">On call</th><th scope="col">for</th><th scope="col">until</th></tr></thead><tbody>${pagerDuty.onCall.map((entry) => html`<tr><td>${entry.name}</td><td>${entry.policy}, level ${entry.level}</td><td>${entry.until ? clockTime(entry.until, timeZone) : 'always'}</td></tr>`)}</tbody></table>
    ${pagerDuty.schedules.map(
      (schedule) => html`<label class="line">${schedule.name}: hand over to
      <select aria-label=${`${schedule.name}: hand over to`} onChange=${(event: Event) => ask({ do: 'swap', schedule: schedule.id, user: (event.target as HTMLSelectElement).value, hours: 8 })}>
        ${pagerDuty.users.map((user) => html`<option value=${user.id} selected=${user.id === schedule.now?.user}>${user.name}</option>`)}</select></label>
      ${
        schedule.isShiftBased &&
        html`<label class="line">${schedule.name}: custom shift for
      <select aria-label=${`${schedule.name}: custom shift for`} onChange=${(event: Event) => ask({ do: 'stepIn', schedule: schedule.id, user: (event.target as HTMLSelectElement).value, hours: 8 })}>
        <option value="" disabled selected>nobody</option>${pagerDuty.users.map((user) => html`<option value=${user.id}>${user.name}</option>`)}</select></label>`
      }`,
    )}
    ${pagerDuty.incidents.map(
      (
        incident,
      ) => html`<div class="incident"><b>#${incident.number}</b> ${incident.title} <small>${incident.serviceName}, ${incident.assignee}</small>
      <span class=${`status ${incident.status}`}>${incident.status}</span>
      <div class="row">${incident.status === 'triggered' && html`<button type="button" class="button" onClick=${() => ask({ do: 'incident', incident: incident.id, status: 'acknowledged' })}>Acknowledge</button>`}
      ${incident.status !== 'resolved' && html`<button type="button" class="button" onClick=${() => ask({ do: 'incident', incident: incident.id, status: 'resolved' })}>Resolve</button>`}</div></div>`,
    )}
    <form class="line" onSubmit=${open}><input type="text" aria-label="Title of a new incident" placeholder="New incident on ${pagerDuty.services[0]?.name}" value=${title} onInput=${(event: Event) => setTitle((event.target as HTMLInputElement).value)} /><button type="submit" class="button">Open</button></form>
  </section>` as VNode;
}

/** Servers do not say when somebody's rights change, and the bot may be kept from saying it: so they are asked. */
const LOOK_EVERY_MS = 3_000;

/** Read from the real servers, again after every change and now and then. */
function TargetCard({ state, timeZone }: { state: Snapshot; timeZone: string }) {
  const [rights, setRights] = useState<TargetRights | null>(null);
  useEffect(() => {
    const look = () => void fetchTargets().then(setRights, () => setRights(null));
    const soon = setTimeout(look, 200);
    const later = setInterval(look, LOOK_EVERY_MS);
    return () => {
      clearTimeout(soon);
      clearInterval(later);
    };
  }, [state]);
  const yes = (value: boolean) => (value ? html`<td class="yes">yes</td>` : html`<td class="no">no</td>`);
  return html`<section class="card"><h3>What logins can really do</h3>
    <table><thead><tr><th scope="col">Database</th><th scope="col">Login</th><th scope="col">read</th><th scope="col">write</th><th scope="col" title="open sessions">open</th></tr></thead>
      <tbody>${rights?.logins.map((login) => html`<tr class=${login.madeByBot ? 'made' : ''} title=${login.validUntil ? `valid until ${dayTime(Date.parse(login.validUntil), timeZone)}` : ''}><td>${login.database}</td><td><code>${login.login}</code></td>${yes(login.reads)}${yes(login.writes)}<td>${login.sessions}</td></tr>`)}</tbody></table>
    <p>Feature flags, editors: ${rights && rights.flagEditors.length > 0 ? rights.flagEditors.join(', ') : 'nobody'}</p></section>` as VNode;
}

function FaultCard({ state }: { state: Snapshot }) {
  const row = (service: 'slack' | 'pagerDuty', name: string) => {
    const now = state.faults[service][0]?.kind ?? '';
    return html`<label class="line">${name} is
      <select aria-label=${`${name} is`} onChange=${async (event: Event) => {
        const kind = (event.target as HTMLSelectElement).value;
        await ask({ do: 'mend', service });
        if (kind) await ask({ do: 'fault', service, kind });
      }}><option value="" selected=${now === ''}>fine</option>${FAULTS.map(([kind, label]) => html`<option value=${kind} selected=${now === kind}>${label}</option>`)}</select></label>`;
  };
  return html`<section class="card"><h3>What can go wrong</h3>${row('slack', 'Slack')}${row('pagerDuty', 'PagerDuty')}
    <label class="line">Deactivate at Slack
      <select aria-label="Deactivate at Slack" onChange=${(event: Event) => ask({ do: 'deactivate', user: (event.target as HTMLSelectElement).value })}>
        <option value="" disabled selected>nobody</option>${state.users.filter(({ kind }) => kind === 'member').map((user) => html`<option value=${user.id}>${user.realName}</option>`)}</select></label>
    <${Rename} state=${state} />
    <div class="line">The bot’s database is ${
      state.isDatabaseLocked
        ? html`<b>locked</b> <button type="button" class="button" onClick=${() => ask({ do: 'unlock' })}>Let go</button>`
        : html`free <button type="button" class="button" onClick=${() => ask({ do: 'lock', seconds: 60 })}>Lock it for a minute</button>`
    }</div>
    <p>The bot is ${state.bot.running ? (state.bot.connections > 0 ? 'running and connected' : 'running, not connected') : html`<b>dead</b>`}.</p>
    <div class="row"><button type="button" class="button" onClick=${() => ask({ do: 'disconnect' })}>Cut its connection</button>
      ${state.bot.running ? html`<button type="button" class="button danger" onClick=${() => ask({ do: 'kill' })}>Kill it</button>` : html`<button type="button" class="button primary" onClick=${() => ask({ do: 'start' })}>Start it</button>`}</div></section>` as VNode;
}

/** Another name and address at Slack, as people have after a wedding or a move. */
function Rename({ state }: { state: Snapshot }) {
  const members = state.users.filter(({ kind }) => kind === 'member');
  const [user, setUser] = useState('');
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const pick = (id: string) => {
    const person = members.find((one) => one.id === id);
    setUser(id);
    setName(person?.realName ?? '');
    setEmail(person?.email ?? '');
  };
  const send = (event: Event) => {
    event.preventDefault();
    void ask({ do: 'rename', user, name, email });
    pick('');
  };
  const value = (event: Event) => (event.target as HTMLInputElement).value;
  return html`<form onSubmit=${send}><label class="line">Rename at Slack
      <select aria-label="Rename at Slack" value=${user} onChange=${(event: Event) => pick((event.target as HTMLSelectElement).value)}>
        <option value="">nobody</option>${members.map((one) => html`<option value=${one.id}>${one.realName}</option>`)}</select></label>
    ${
      user &&
      html`<div class="line"><input type="text" aria-label="New name" required value=${name} onInput=${(event: Event) => setName(value(event))} />
      <input type="email" aria-label="New address" required value=${email} onInput=${(event: Event) => setEmail(value(event))} /><button type="submit" class="button">Rename</button></div>`
    }</form>` as VNode;
}
