/** `npm run sandbox`: the bot and everything it talks to, on this machine. */

import { distance } from 'fastest-levenshtein';
import { type RunningSandbox, runSandbox } from './run.ts';
import { tour } from './tour.ts';
import { serveWorkspace } from './web/server.ts';

const USAGE = `npm run sandbox               the workspace in the browser; stop it with Ctrl-C
npm run sandbox -- --tour     the whole story in the terminal, every step checked
npm run sandbox -- --port N   the page on a port of your choice
npm run sandbox -- --help     this
`;

// The page's types are taken out by a part of Node that still calls itself experimental, at every start.
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.stack}\n`);
});

const OPTIONS = ['--tour', '--port', '--help'];

const args = process.argv.slice(2);
const [option, ...rest] = args;
if (option === '--help' || option === '-h') {
  process.stdout.write(USAGE);
} else if (option === '--tour' && rest.length === 0) {
  await tour().catch((error: unknown) => {
    process.stderr.write(`\nThe tour stopped: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
} else if (option === undefined || (option === '--port' && /^\d{1,5}$/.test(rest[0] ?? '') && rest.length === 1)) {
  await serve(Number(rest[0] ?? 0));
} else {
  const meant = OPTIONS.find((one) => one !== option && distance(one, option) <= 2);
  process.stderr.write(
    `The sandbox does not know "${args.join(' ')}".${meant === undefined ? '' : ` Did you mean "${meant}"?`}\n${USAGE}`,
  );
  process.exitCode = 2;
}

async function serve(port: number): Promise<void> {
  process.stdout.write('Starting Slack, PagerDuty, PostgreSQL and the bot on this machine…\n');
  const running: RunningSandbox = await runSandbox();
  const web = await serveWorkspace(running, port);
  process.stdout.write(
    `\n  ${web.address}\n\nOpen it in a browser: Ana is on call, Ben is not, Chloé reviews. Type /jit. Ctrl-C ends it all.\n`,
  );
  const stop = () => {
    process.stdout.write('\nStopping…\n');
    web
      .close()
      .then(() => running.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          process.stderr.write(`${String(error)}\n`);
          process.exit(1);
        },
      );
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}
