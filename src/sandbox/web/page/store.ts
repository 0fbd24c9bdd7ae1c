import htm from 'htm';
import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Snapshot } from '../snapshot.ts';

export const html = htm.bind(h);

export type { Snapshot };
export type Channel = Snapshot['channels'][number];
export type Message = Snapshot['messages'][number];
export type OpenView = Snapshot['views'][number];

/** One thing that can be chosen, as Block Kit has it. */
export interface Option {
  text: { type: string; text: string };
  value: string;
}

/** The workspace as the server last sent it. null: nothing has come yet. */
export function useSnapshot(): { state: Snapshot | null; isLive: boolean } {
  const [state, setState] = useState<Snapshot | null>(null);
  const [isLive, setLive] = useState(false);
  useEffect(() => {
    const source = new EventSource('/events');
    source.onmessage = (event) => {
      setState(JSON.parse(event.data));
      setLive(true);
    };
    // The browser connects again by itself.
    source.onerror = () => setLive(false);
    return () => source.close();
  }, []);
  return { state, isLive };
}

type Listener = (problem: string) => void;
let onProblem: Listener = () => undefined;
export const listenToProblems = (listener: Listener): void => {
  onProblem = listener;
};

/** Asks the server to do something. What it cannot do is shown as a problem; then the answer is null. */
export async function ask(act: Readonly<Record<string, unknown>>): Promise<unknown> {
  try {
    const response = await fetch('/', {
      method: 'POST',
      body: JSON.stringify(act),
      headers: { 'content-type': 'application/json' },
    });
    const answer = await response.json();
    if (response.ok) return answer;
    onProblem(String(answer.problem));
  } catch {
    onProblem('The sandbox does not answer. Is it still running in the terminal?');
  }
  return null;
}

export async function fetchTargets(): Promise<import('../targets.ts').TargetRights> {
  return (await fetch('/targets')).json();
}

/** `14:05`, in a person's own time zone. */
export const clockTime = (at: number, timeZone: string): string =>
  new Date(at).toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
export const dayTime = (at: number, timeZone: string): string =>
  new Date(at).toLocaleString('en-GB', {
    timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
export const instantOf = (ts: string): number => Number(ts) * 1000;
