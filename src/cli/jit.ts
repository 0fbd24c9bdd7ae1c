import { ledger } from './ledger.ts';

/** `jit …`: one file a sub-command. */
export interface Command {
  readonly usage: string;
  /** @returns the exit code */
  run(args: readonly string[]): number;
}

const COMMANDS: Readonly<Record<string, Command>> = { ledger };

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command) {
  process.exitCode = command.run(args);
} else {
  const isHelp = name === '' || name === 'help' || name === '--help';
  const out = isHelp ? process.stdout : process.stderr;
  if (!isHelp) out.write(`jit: there is no command "${name}"\n`);
  out.write(
    `Usage:\n${Object.values(COMMANDS)
      .map(({ usage }) => `  ${usage}\n`)
      .join('')}`,
  );
  process.exitCode = isHelp ? 0 : 2;
}
