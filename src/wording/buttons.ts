/** Labels of buttons, and the questions that some of them ask first. Plain text: Slack formats none of it. */

export const BUTTONS = {
  /** The buttons that close a form. */
  close: { close: 'Close', done: 'Done', back: 'Back', notNow: 'Not now' },
  requestAccess: 'Request access',
  breakGlass: 'Break-glass…',
  help: 'Help',
  ask: 'Ask',
  askForIt: 'Ask for it',
  cancelRequest: 'Cancel request',
  getCredentials: 'Get credentials',
  extend: 'Extend…',
  done: 'I’m done',
  endNow: 'End access now',
  end: 'End',
  approve: 'Approve',
  approveLess: 'Approve less…',
  deny: 'Deny…',
  openIncident: 'Open the incident',
  openRequest: 'Open the request',
  justified: 'It was justified…',
  notJustified: 'It was not…',
  keep: 'Keep',
  keepAll: (count: number) => `Keep all ${count}`,
  open: 'Open',
  remove: 'Remove…',
  setUp: 'Set it up',
  gone: 'It is gone…',
  endAllShown: (count: number) => `End all ${count} shown`,
  freeze: 'Freeze everything…',
  liftFreeze: 'Lift the freeze',
  reload: 'Reload the policy…',
} as const;

export interface Confirmation {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly no: string;
}

export const CONFIRM: Readonly<Record<'end' | 'endAll' | 'keepAll' | 'liftFreeze' | 'resetCodes', Confirmation>> = {
  end: {
    title: 'End this access?',
    text: 'It ends now, and so do open sessions where the target lets me end them.',
    yes: 'End it',
    no: 'Keep it',
  },
  endAll: {
    title: 'End all of these?',
    text: 'They end now, and so do open sessions where the target lets me end them.',
    yes: 'End them',
    no: 'Keep them',
  },
  keepAll: {
    title: 'Keep all of these?',
    text: 'You say of each that it is still right. The ledger keeps your name with every one.',
    yes: 'Keep all',
    no: 'Cancel',
  },
  liftFreeze: {
    title: 'Lift the freeze?',
    text: 'People can ask for access again. What ended stays ended.',
    yes: 'Lift it',
    no: 'Keep it',
  },
  resetCodes: {
    title: 'Reset their one-time codes?',
    text: 'First make sure that it is really them who asks.',
    yes: 'Reset',
    no: 'Cancel',
  },
};
