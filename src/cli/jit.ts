import { audit } from './audit.ts';
import { ledger } from './ledger.ts';
import { policy } from './policy/policy.ts';

/** `jit …`: one file a sub-command. */
export interface Command {
  /** A line each. */
  readonly usage: readonly string[];
  /** @returns the exit code */
  run(args: readonly string[]): number | Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = { audit, ledger, policy };

// Whoever reads our output may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command) {
  process.exitCode = await command.run(args);
} else {
  const isHelp = name === '' || name === 'help' || name === '--help';
  const out = isHelp ? process.stdout : process.stderr;
  if (!isHelp) out.write(`jit: there is no command "${name}"\n`);
  const lines = Object.values(COMMANDS).flatMap(({ usage }) => usage);
  out.write(`Usage:\n${lines.map((line) => `  ${line}\n`).join('')}`);
  process.exitCode = isHelp ? 0 : 2;
}
