/** Messages and views as text for a terminal, the way a given person would read them. */

import type { Block, View } from './slack/blockKit.ts';
import type { Message, Workspace } from './slack/workspace.ts';
import { EMOJI } from './web/page/emoji.ts';

export function messageLines(workspace: Workspace, message: Message, viewer: string): string[] {
  return message.blocks.length > 0
    ? message.blocks.flatMap((block) => blockLines(workspace, block, viewer))
    : inline(workspace, message.text, viewer).split('\n');
}

export function viewLines(workspace: Workspace, view: View, viewer: string): string[] {
  const title = view.type === 'modal' ? [`▣ ${view.title.text}`] : [];
  return [
    ...title,
    ...view.blocks.flatMap((block) =>
      block.type === 'input' ? [`${block.label.text} (${block.element.type})`] : blockLines(workspace, block, viewer),
    ),
  ];
}

function blockLines(workspace: Workspace, block: Block, viewer: string): string[] {
  const text = (value: { text: string }) => inline(workspace, value.text, viewer).split('\n');
  switch (block.type) {
    case 'section':
      return [
        ...(block.text ? text(block.text) : []),
        ...(block.fields ?? []).map((field) => text(field).join(': ')),
        ...(block.accessory?.type === 'button' ? [`[ ${block.accessory.text.text} ]`] : []),
      ];
    case 'header':
      return text(block.text);
    case 'context':
      return block.elements.flatMap((element) => ('text' in element ? text(element) : []));
    case 'actions':
      return [
        block.elements
          .map((element) => ('text' in element ? `[ ${element.text.text} ]` : `[ ${element.type} ]`))
          .join(' '),
      ];
    case 'rich_text':
      return block.elements.flatMap((part) =>
        part.elements.map((element) => ('text' in element ? `│ ${element.text}` : `│ ${element.type}`)),
      );
    case 'divider':
      return ['──────'];
    case 'image':
      return [`[ ${block.alt_text} ]`];
    default:
      throw new Error(`unknown block ${String(block satisfies never)}`);
  }
}

function inline(workspace: Workspace, text: string, viewer: string): string {
  const timeZone = workspace.users.get(viewer)?.timeZone ?? 'UTC';
  return text
    .replace(/<@(\w+)>/g, (_, id: string) => `@${workspace.users.get(id)?.realName ?? id}`)
    .replace(/<!subteam\^(\w+)>/g, (_, id: string) => `@${workspace.groups.get(id)?.handle ?? id}`)
    .replace(/<!date\^(\d+)\^[^|]*\|[^>]*>/g, (_, seconds: string) =>
      new Date(Number(seconds) * 1000).toLocaleString('en-GB', {
        timeZone,
        weekday: 'short',
        hour: '2-digit',
        minute: '2-digit',
      }),
    )
    .replace(/:(\w+):/g, (whole, name: string) => EMOJI[name] ?? whole)
    .replace(/[*`]/g, '')
    .replaceAll('\u00a0', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
