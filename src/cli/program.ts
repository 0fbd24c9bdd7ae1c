import { Command, CommanderError, Option } from 'commander';
import { version } from '../app/version.ts';
import { PROGRAM } from '../wording/terminal/help.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { Options } from '../wording/terminal/options.ts';
import { COMMANDS } from './commands.ts';
import { nearestCommand } from './nearestCommand.ts';
import type { Group, Verb } from './spec.ts';
import { UsageError } from './usageError.ts';

/** The arguments do not fit `command`. */
class Misuse extends Error {
  readonly command: Command;
  constructor(command: Command, message: string) {
    super(message);
    this.command = command;
  }
}

/** The library's command, with our own error messages. */
class JitCommand extends Command {
  override createCommand(name?: string): JitCommand {
    return new JitCommand(name);
  }

  /** @throws Misuse */
  override error(message: string, { code }: { code?: string } = {}): never {
    throw new Misuse(
      this,
      code === 'commander.unknownCommand' ? this.#unknown(this.args[0] ?? '') : this.#withMore(inOurWords(message)),
    );
  }

  /** Points to the help, for a group of commands. */
  #withMore(problem: string): string {
    return this.commands.length > 0 ? MISUSE.more(problem, pathOf(this)) : problem;
  }

  #unknown(typed: string): string {
    return MISUSE.unknownCommand(typed, nearestCommand(typed, pathOf(this)), pathOf(this));
  }
}

/** Puts `error: unknown option '--frob'\n(Did you mean --from?)` on one line, with our quotes. */
const inOurWords = (message: string): string =>
  message
    .replace(/^error: /, '')
    .replaceAll("'", '"')
    .replace(
      /^option "(--\S+)[^"]*" argument "([^"]*)" is invalid\. Allowed choices are (.*)\.$/,
      (_all, option: string, typed: string, choices: string) => MISUSE.noneOf(option, typed, choices),
    )
    .replace(/\n\(Did you mean (?:one of )?(.+)\?\)$/, (_all, meant: string) => MISUSE.didYouMean(meant));

const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();

/**
 * Runs a command line.
 * @returns the exit code: 2 if it was not understood or could not be done; the help of each command has the others
 * @throws unexpected errors
 */
export async function runCli(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = programOf((done) => {
    code = done;
  });
  try {
    await program.parseAsync(args.length === 0 ? ['--help'] : withHelpLast(args, program), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof Misuse) {
      process.stderr.write(`${pathOf(error.command)}: ${error.message}\n${usageLine(error.command)}`);
      return 2;
    }
    // Help and the version are printed by now. A group such as `ledger` alone is a mistake.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

/** `help policy check` and `policy help check` are `policy check --help`. Nothing is known of a command that is not there. */
function withHelpLast(args: readonly string[], program: Command): readonly string[] {
  const named = (parent: Command, name = '') =>
    parent.commands.find((one) => one.name() === name || one.aliases().includes(name));
  const at = args[0] !== 'help' && named(program, args[0])?.commands.length && args[1] === 'help' ? 1 : 0;
  if (args[at] !== 'help') return args;
  const words = args.toSpliced(at, 1);
  const [first] = words;
  const group = named(program, first);
  const isUnknown =
    first !== undefined && (!group || (group.commands.length > 0 && words[1] && !named(group, words[1])));
  return isUnknown ? words : [...words, '--help'];
}

const usageLine = (command: Command): string => {
  const line = command.createHelp().commandUsage(command);
  return command.parent && command.commands.length === 0 ? `${MISUSE.usage(line, pathOf(command))}\n` : '';
};

function programOf(onDone: (code: number) => void): Command {
  const program = new JitCommand('jitbot')
    .description(PROGRAM.about)
    .version(version(), '-V, --version', PROGRAM.version)
    .helpOption('-h, --help', PROGRAM.help)
    .helpCommand('help [COMMAND]', PROGRAM.helpCommand)
    .configureHelp({
      visibleCommands: (command) => (command.parent ? leavesOf(command, 1) : leavesOf(command, 2)),
      subcommandTerm: (command) =>
        `${pathOf(command).split(' ').slice(1).join(' ')} ${command.registeredArguments.map(argumentText).join(' ')}`.trim(),
    })
    .exitOverride()
    .addHelpText('after', ({ command }) => (command.parent ? '' : PROGRAM.ending));
  for (const [name, one] of Object.entries(COMMANDS))
    if ('verbs' in one) addGroup(program, name, one, onDone);
    else addVerb(program, name, one, onDone);
  return program;
}

const leavesOf = (command: Command, depth: number): Command[] =>
  command.commands.flatMap((one) => (one.commands.length > 0 && depth > 1 ? leavesOf(one, depth - 1) : [one]));

const argumentText = (argument: { name(): string; required: boolean }): string =>
  argument.required ? argument.name() : `[${argument.name()}]`;

function addGroup(program: Command, name: string, { about, verbs }: Group, onDone: (code: number) => void): void {
  const group = program.command(name).description(about).helpCommand(false);
  for (const [verb, one] of Object.entries(verbs)) addVerb(group, verb, one, onDone);
}

function addVerb(parent: Command, name: string, verb: Verb, onDone: (code: number) => void): void {
  const command = parent.command(name).description(verb.about).allowExcessArguments();
  if (verb.alias !== undefined) command.alias(verb.alias);
  for (const [file, about] of Object.entries(verb.files ?? {}))
    command.argument(file.startsWith('[') ? file : `<${file}>`, about);
  for (const option of optionsOf(verb.options)) command.addOption(option);
  command.addHelpText('after', exitText(verb));
  command.action(async () => {
    const { reported } = await import('./reported.ts');
    const given = { values: valuesOf(command, verb.options), files: command.args };
    try {
      onDone(await reported(() => verb.run(given)));
    } catch (error) {
      if (error instanceof UsageError) throw new Misuse(command, error.message);
      throw error;
    }
  });
}

const exitText = ({ exits }: Verb): string =>
  `\n${PROGRAM.exits}\n${Object.entries(exits)
    .map(([code, meaning]) => `  ${code}  ${meaning}\n`)
    .join('')}`;

const optionsOf = (options: Options): Option[] =>
  Object.entries(options).map(([name, { value, about, choices }]) => {
    const option = new Option(`--${name}${value === undefined ? '' : ` <${value}>`}`, about);
    return choices ? option.choices(choices) : option;
  });

/** The values by the names of the options; the library would remove their hyphens. */
const valuesOf = (command: Command, options: Options): Record<string, string | boolean> =>
  Object.fromEntries(
    optionsOf(options).flatMap((option) => {
      const value: unknown = command.getOptionValue(option.attributeName());
      return typeof value === 'string' || typeof value === 'boolean' ? [[option.name(), value]] : [];
    }),
  );
