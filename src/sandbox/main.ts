import { type RunningSandbox, runSandbox } from './run.ts';
import { tour } from './tour.ts';
import { serveWorkspace } from './web/server.ts';

/** `npm run sandbox`: the bot and everything it talks to, on this machine. */

const USAGE = `npm run sandbox               the workspace in the browser; stop it with Ctrl-C
npm run sandbox -- --tour     the whole story in the terminal, every step checked
npm run sandbox -- --port N   the page on a port of your choice
`;

// The page's types are taken out by a part of Node that still calls itself experimental, at every start.
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.stack}\n`);
});

const args = process.argv.slice(2);
if (args[0] === '--tour' && args.length === 1) {
  await tour().catch((error: unknown) => {
    process.stderr.write(`\nThe tour stopped: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
} else if (args.length === 0 || (args[0] === '--port' && /^\d{1,5}$/.test(args[1] ?? '') && args.length === 2)) {
  await serve(Number(args[1] ?? 0));
} else {
  process.stderr.write(USAGE);
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
