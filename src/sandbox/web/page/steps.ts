/** What a newcomer can do first, one click each. It stands where a channel is still empty. */
import type { VNode } from 'preact';
import { html } from './store.ts';

export interface Steps {
  askAsAna(): void;
  showBenAndChloe(): void;
  jumpAnHour(): void;
}

export function FirstSteps({ steps }: { steps: Steps }) {
  const step = (number: number, name: string, then: string, take: () => void) =>
    html`<li><button type="button" class="button" onClick=${take}><span class="number" aria-hidden="true">${number}</span>${name}</button><p>${then}</p></li>`;
  return html`<div class="steps" role="group" aria-label="First steps">
    <h3>New here? Three steps show what jitbot does.</h3>
    <ol>
      ${step(1, 'Be Ana and type /jit', 'Ana is on call. Search for payments read and say why: it is approved automatically.', steps.askAsAna)}
      ${step(2, 'Be Ben and Chloé side by side', 'Ben is not on call. Type /jit as Ben, then approve as Chloé in #access-requests.', steps.showBenAndChloe)}
      ${step(3, 'Jump an hour', 'The access expires. “The world” shows that the database login is gone.', steps.jumpAnHour)}
    </ol>
  </div>` as VNode;
}
