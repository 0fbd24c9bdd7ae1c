import { appMethods } from './methods/app.ts';
import { createReader } from './methods/arguments.ts';
import { chatMethods, postedMethods } from './methods/chat.ts';
import { conversationsMethods } from './methods/conversations.ts';
import { filesMethods } from './methods/files.ts';
import type { Desk, Method } from './methods/method.ts';
import { groupMethods, peopleMethods } from './methods/people.ts';
import { viewsMethods } from './methods/views.ts';

/** The Web API methods that the bot uses. */
export function createWebApi(given: Omit<Desk, 'read'>): ReadonlyMap<string, Method> {
  const desk: Desk = { ...given, read: createReader(given.workspace) };
  const groups = [
    appMethods,
    chatMethods,
    conversationsMethods,
    filesMethods,
    groupMethods,
    peopleMethods,
    postedMethods,
    viewsMethods,
  ];
  return new Map(groups.flatMap((methods) => Object.entries(methods(desk))));
}
