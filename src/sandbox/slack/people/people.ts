import type { Message, OpenView } from '../workspace.ts';

/** What a person can do in Slack's own apps. Each call resolves when the bot has acknowledged. */
export interface People {
  /** Types a slash command into a channel. */
  command(user: string, command: string, text: string, channel: string): Promise<void>;
  /** Clicks a button on a message. */
  click(user: string, message: Message, actionId: string, value?: string): Promise<void>;
  /** Clicks a button on a form or on Home, the first of its kind or the one with this value. */
  clickIn(user: string, view: OpenView, actionId: string, value?: string): Promise<void>;
  /** Uses any element of a message or view: a button, a menu, a picker. */
  act(
    user: string,
    where: { message: Message; view?: never } | { view: OpenView; message?: never },
    blockId: string,
    action: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  /** Runs a shortcut, on a message or from the menu. */
  shortcut(user: string, callbackId: string, message: Message | null): Promise<void>;
  /** Types into an external select: the options that the bot offers. */
  suggestions(user: string, open: OpenView, actionId: string, typed: string): Promise<readonly Option[]>;
  /** Chooses an option or enters text; tells the bot where the input says so. */
  enter(user: string, open: OpenView, actionId: string, value: Entered): Promise<void>;
  submit(user: string, open: OpenView): Promise<void>;
  close(open: OpenView): void;
  openHome(user: string): Promise<void>;
  /** An administrator of the workspace deactivates somebody's account; the app is told. */
  deactivate(user: string): Promise<void>;
  /** Somebody marries, or moves to another address; the app is told. */
  rename(user: string, to: { readonly realName: string; readonly email: string }): Promise<void>;
  /** The view on top of a person's screen. */
  topView(user: string): OpenView | undefined;
}

/** What a person puts into an input: text, an id or a date; an option; several options. */
export type Entered = string | Option | readonly Option[] | null;

export interface Option {
  readonly text: { readonly type: string; readonly text: string };
  readonly value: string;
}
