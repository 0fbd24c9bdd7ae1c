import { PROGRAM } from '../wording/terminal/help.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import { type NO_OPTIONS, type OptionSpec, SHELLS } from '../wording/terminal/options.ts';
import type { Given, Group, Verb } from './spec.ts';
import { UsageError } from './usageError.ts';

type Commands = Readonly<Record<string, Verb | Group>>;

/** `jitbot completion SHELL`: a script that knows every command, option and choice. */
export const createCompletion =
  (commands: Commands) =>
  ({ files }: Given<typeof NO_OPTIONS>): number => {
    const [shell = '', ...more] = files;
    const known = SHELLS.find((name) => name === shell);
    if (known === undefined || more.length > 0) throw new UsageError(MISUSE.shell(SHELLS));
    process.stdout.write(SCRIPTS[known](placesIn(commands)));
    return 0;
  };

/** What can follow the words of a command. */
interface Place {
  /** The words after `jitbot`. Empty for the first word. */
  readonly words: string;
  /** Commands, or the values of an argument. */
  readonly commands: readonly string[];
  readonly options: readonly (readonly [string, OptionSpec])[];
}

function placesIn(commands: Commands): Place[] {
  const ofVerb = (words: string, { options, choices = [] }: Verb): Place => ({
    words,
    commands: choices,
    options: Object.entries(options).map(([name, option]) => [`--${name}`, option] as const),
  });
  return [
    {
      words: '',
      commands: [...Object.keys(commands), 'help'],
      options: [['--version', { about: PROGRAM.version }]],
    },
    ...Object.entries(commands).flatMap(([name, one]) =>
      'verbs' in one
        ? [
            { words: name, commands: Object.keys(one.verbs), options: [] },
            ...Object.entries(one.verbs).map(([verb, of]) => ofVerb(`${name} ${verb}`, of)),
          ]
        : [ofVerb(name, one)],
    ),
  ];
}

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (places: readonly Place[]) => string>> = { bash, zsh, fish };

/** Collects the words of the command: at most two, up to the first option. */
const WORDS = `words=''
  for ((at = 1; at < current && at < 3; at++)); do
    case "\${typed[at]}" in -*) break ;; esac
    words="\${words:+$words }\${typed[at]}"
  done
  case "$words" in
GROUPS
  *) words="\${words%% *}" ;;
  esac`;

/** The part that bash and zsh share: sets \`all\` to the candidates, or leaves it empty where a file is expected. */
const choose = (places: readonly Place[]): string => {
  const groups = places.filter(({ words, commands }) => words !== '' && commands.length > 0);
  const kept = groups.map(({ words }) => `  ${words} | ${words}\\ *) ;;`).join('\n');
  const values = places.flatMap(({ words, options }) =>
    options.flatMap(([name, { choices }]) => (choices ? [`  "${words} ${name}") all="${choices.join(' ')}" ;;`] : [])),
  );
  const takes = places.flatMap(({ words, options }) =>
    options.flatMap(([name, { value, choices }]) => (value !== undefined && !choices ? [`"${words} ${name}"`] : [])),
  );
  const lists = places.map(({ words, commands, options }) => {
    const all = [...commands, ...options.map(([name]) => name), '--help'].join(' ');
    // Where no command can follow, a word that is not an option is a file, which the shell completes.
    return commands.length > 0
      ? `  "${words}") all="${all}" ;;`
      : `  "${words}") case "$typing" in -*) all="${all}" ;; esac ;;`;
  });
  return `  ${WORDS.replace('GROUPS', kept)}
  all=''
  case "$words $previous" in
${values.join('\n')}
  ${takes.join(' | ')}) return 1 ;;
  *) case "$words" in
${lists.map((line) => `  ${line}`).join('\n')}
    esac ;;
  esac`;
};

function bash(places: readonly Place[]): string {
  return `# jitbot completion bash > /etc/bash_completion.d/jitbot
${bashFunction(places)}`;
}

/** zsh runs the script for bash through its own emulation. */
function zsh(places: readonly Place[]): string {
  return `# jitbot completion zsh > ~/.jitbot.zsh, and in ~/.zshrc: source ~/.jitbot.zsh
autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bashFunction(places)}`;
}

function bashFunction(places: readonly Place[]): string {
  return `_jitbot() {
  local words all at current=$COMP_CWORD typing="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local -a typed=("\${COMP_WORDS[@]}")
${choose(places)}
  COMPREPLY=($(compgen -W "$all" -- "$typing"))
}
complete -o default -F _jitbot jitbot jit
`;
}

function fish(places: readonly Place[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const at = (words: string) =>
    words === ''
      ? '__fish_use_subcommand'
      : words
          .split(' ')
          .map((word) => `__fish_seen_subcommand_from ${word}`)
          .join('; and ');
  const lines = places.flatMap(({ words, commands, options }) => [
    ...commands.map(
      (name) =>
        `complete -c jitbot -f -n ${quoted(words === '' ? at('') : `${at(words)}; and not __fish_seen_subcommand_from ${commands.join(' ')}`)} -a ${name}`,
    ),
    ...options.map(([name, { value, about, choices }]) => {
      const given = value === undefined ? '' : choices ? ` -x -a ${quoted(choices.join(' '))}` : ' -r';
      return `complete -c jitbot -n ${quoted(at(words))} -l ${name.slice(2)}${given} -d ${quoted(about)}`;
    }),
  ]);
  // Not in completions/: fish reads jitbot.fish from there for jitbot alone, and not for jit.
  return `# jitbot completion fish > ~/.config/fish/conf.d/jitbot.fish
${lines.join('\n')}
complete -c jitbot -l help -d '${PROGRAM.help}'
complete -c jit -w jitbot
`;
}
