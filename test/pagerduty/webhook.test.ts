/** What PagerDuty delivers is taken where its signature is right, and only the incident's id is believed. */

import { createHmac } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { pagerDutyWebhook } from '../../src/pagerduty/webhook.ts';

const SECRET = 'sixteen-characters-at-least';
const sign = (body: string, secret = SECRET) => `v1=${createHmac('sha256', secret).update(body).digest('hex')}`;
const payload = (type: string, data: object) => JSON.stringify({ event: { event_type: type, data } });
const RESOLVED = payload('incident.resolved', { id: 'PINC', type: 'incident' });

const told: string[] = [];
const route = pagerDutyWebhook({ secret: SECRET, onIncident: async (id) => void told.push(id) });
const isSigned = (body: string, signature: string | undefined) =>
  route.isSigned({ headers: { 'x-pagerduty-signature': signature }, body: Buffer.from(body) });
const anAnswer = () => new ServerResponse(new IncomingMessage(new Socket()));
async function take(body: string) {
  told.length = 0;
  const response = anAnswer();
  await route.take({ headers: {}, body: Buffer.from(body) }, response);
  return { told: [...told], answer: [response.statusCode, response.writableEnded] };
}

test.each<[string, string | undefined, boolean]>([
  ['the right one', sign(RESOLVED), true],
  ['one of another secret', sign(RESOLVED, 'another-secret-of-somebody'), false],
  ['one of another body', sign('{}'), false],
  ['two, of which the second is right', `${sign(RESOLVED, 'old')},${sign(RESOLVED)}`, true],
  ['two, of which the first is right, with a space', `${sign(RESOLVED)}, ${sign(RESOLVED, 'old')}`, true],
  ['two, of which the second is right, with a space', `${sign(RESOLVED, 'old')}, ${sign(RESOLVED)}`, true],
  ['two wrong ones', `${sign(RESOLVED, 'old')},${sign(RESOLVED, 'older')}`, false],
  ['half of the right one', sign(RESOLVED).slice(0, 40), false],
  ['more than the right one', `${sign(RESOLVED)}00`, false],
  ['an empty one', '', false],
])('a delivery with %s', (_name, signature, expected) => {
  expect(isSigned(RESOLVED, signature)).toBe(expected);
});

test.each<[string, string | undefined, boolean]>([
  ['no signature', undefined, false],
  ['an empty one', '', false],
  ['one of another version', 'v2=00', false],
  ['one that is not hexadecimal', 'v1=zz', false],
  ['one', 'v1=0a', true],
  ['ten of them', Array.from({ length: 10 }, () => 'v1=0a').join(', '), true],
  ['eleven of them', Array.from({ length: 11 }, () => 'v1=0a').join(','), false],
  ['something before it', 'x v1=0a', false],
  ['something behind it', 'v1=0a x', false],
])('a delivery with %s in its headers is read on: %#', (_name, signature, isRead) => {
  expect(route.refuses({ 'x-pagerduty-signature': signature }) === null).toBe(isRead);
});

test.each<[string, string, string[]]>([
  ['an incident', RESOLVED, ['PINC']],
  ['an incident that was opened', payload('incident.triggered', { id: 'PX1', type: 'incident' }), ['PX1']],
  ['a service', payload('service.updated', { id: 'PSVC', type: 'service' }), []],
  ['a note on an incident', payload('incident.annotated', { id: 'PNOTE', type: 'incident_note' }), []],
  ['an incident, by another kind of event', payload('service.updated', { id: 'PINC', type: 'incident' }), []],
  ['an incident by a path', payload('incident.resolved', { id: '../users', type: 'incident' }), []],
  ['an incident without an id', payload('incident.resolved', { type: 'incident' }), []],
  ['an id of 41 letters', payload('incident.resolved', { id: 'P'.repeat(41), type: 'incident' }), []],
  ['an id of 40 letters', payload('incident.resolved', { id: 'P'.repeat(40), type: 'incident' }), ['P'.repeat(40)]],
  ['nothing', '', []],
])('a signed delivery about %s is answered, and followed only for an incident', async (_name, body, ids) => {
  expect(await take(body)).toEqual({ told: ids, answer: [202, true] });
});

test('it is answered only once what follows is kept, and not at all where that failed', async () => {
  const kept = Promise.withResolvers<void>();
  const { take } = pagerDutyWebhook({ secret: SECRET, onIncident: () => kept.promise });
  const response = anAnswer();
  const taking = take({ headers: {}, body: Buffer.from(RESOLVED) }, response);
  await new Promise((resolve) => setImmediate(resolve));
  expect(response.writableEnded).toBe(false);
  kept.reject(new Error('the disk is full'));
  await expect(taking).rejects.toThrow('the disk is full');
  expect(response.writableEnded).toBe(false);
});
