/** Blocks as Slack draws them. What this page does not know it says, instead of leaving it out. */
import type { VNode } from 'preact';
import { type Element, ElementView, type Use } from './elements.ts';
import { html, type OpenView } from './store.ts';
import { mrkdwn, type Piece, type Reader, richInline } from './text.ts';

type Block = OpenView['view']['blocks'][number];

export interface BlocksProps {
  readonly blocks: readonly Block[];
  readonly reader: Reader;
  /** How elements of a block are used. */
  on(blockId: string, element: Element): Use;
  readonly errors?: Readonly<Record<string, string>>;
}

type Text = { type: string; text: string };
const text = (value: Text, reader: Reader): Piece[] =>
  value.type === 'mrkdwn'
    ? mrkdwn(value.text, reader)
    : value.text.split('\n').flatMap((line, index) => (index > 0 ? [html`<br />` as VNode, line] : [line]));

export function Blocks({ blocks, reader, on, errors = {} }: BlocksProps) {
  return html`<div class="blocks">${blocks.map((block, index) => html`<${BlockView} key=${block.block_id ?? index} block=${block} reader=${reader} on=${on} error=${errors[block.block_id ?? '']} />`)}</div>`;
}

function BlockView({
  block,
  reader,
  on,
  error,
}: {
  block: Block;
  reader: Reader;
  on: BlocksProps['on'];
  error?: string | undefined;
}): VNode {
  const id = block.block_id ?? '';
  const show = (element: unknown) => html`<${ElementView} element=${element} on=${on(id, element as Element)} />`;
  switch (block.type) {
    case 'section':
      return html`<div class="section"><div class="grow">${block.text && html`<p>${text(block.text, reader)}</p>`}
        ${block.fields && html`<div class="fields">${block.fields.map((field) => html`<p>${text(field, reader)}</p>`)}</div>`}</div>
        ${block.accessory && (block.accessory.type === 'image' ? html`<span class="image">${block.accessory.alt_text}</span>` : show(block.accessory))}</div>` as VNode;
    case 'context':
      return html`<div class="context">${block.elements.map((element) => (element.type === 'image' ? html`<span>${element.alt_text}</span>` : html`<span>${text(element, reader)}</span>`))}</div>` as VNode;
    case 'header':
      return html`<h3>${block.text.text}</h3>` as VNode;
    case 'divider':
      return html`<hr />` as VNode;
    case 'actions':
      return html`<div class="actions">${block.elements.map(show)}</div>` as VNode;
    case 'image':
      return html`<figure><img src=${block.slack_file ? `/files/${block.slack_file.id}` : block.image_url} alt=${block.alt_text} /></figure>` as VNode;
    case 'rich_text':
      return html`<div class="rich">${block.elements.map((part) => richPart(part, reader))}</div>` as VNode;
    case 'input': {
      const note = error ?? block.hint?.text;
      const use = { ...on(id, block.element as Element), label: block.label.text, describedBy: note && `note-${id}` };
      return html`<div class=${error ? 'field wrong' : 'field'} data-block=${id}><span class="label">${block.label.text}${block.optional && html` <small>(optional)</small>`}</span>
        <${ElementView} element=${block.element} on=${use} />
        ${error ? html`<p class="error" role="alert" id=${`note-${id}`}>${mrkdwn(error, reader)}</p>` : note && html`<p class="hint" id=${`note-${id}`}>${note}</p>`}</div>` as VNode;
    }
    default:
      return html`<p class="unknown">This page does not know blocks of type “${String((block as { type: string }).type)}”.</p>` as VNode;
  }
}

type RichPart = Extract<Block, { type: 'rich_text' }>['elements'][number];

function richPart(part: RichPart, reader: Reader): VNode {
  if (part.type === 'rich_text_list')
    return html`<ul>${part.elements.map((item) => html`<li>${item.elements.map((element) => richInline(element, reader))}</li>`)}</ul>` as VNode;
  const inside = part.elements.map((element) => richInline(element, reader));
  if (part.type === 'rich_text_quote') return html`<blockquote>${inside}</blockquote>` as VNode;
  if (part.type === 'rich_text_preformatted') return html`<pre>${inside}</pre>` as VNode;
  return html`<p>${inside}</p>` as VNode;
}
