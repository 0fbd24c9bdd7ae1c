import { audit } from './audit.ts';
import { bundle } from './bundle.ts';
import { doctor } from './doctor.ts';
import { ledger } from './ledger.ts';
import { policy } from './policy/policy.ts';
import { report } from './report.ts';

/** `jit …`: one file a sub-command. */
export interface Command {
  /** A line each. */
  readonly usage: readonly string[];
  /** @returns the exit code */
  run(args: readonly string[]): number | Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = { audit, bundle, doctor, ledger, policy, report };

// Whoever reads our output may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const showUsage = (out: NodeJS.WritableStream, commands: readonly Command[]): void => {
  const lines = commands.flatMap(({ usage }) => usage);
  out.write(`Usage:\n${lines.map((line) => `  ${line}\n`).join('')}`);
};

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command && args.includes('--help')) {
  showUsage(process.stdout, [command]);
} else if (command) {
  process.exitCode = await command.run(args);
} else if (name === '' || name === 'help' || name === '--help') {
  showUsage(process.stdout, Object.values(COMMANDS));
} else {
  process.stderr.write(`jit: there is no command "${name}"\n`);
  showUsage(process.stderr, Object.values(COMMANDS));
  process.exitCode = 2;
}
