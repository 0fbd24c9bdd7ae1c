/**
 * Loaded into the bot's process before the bot (`node --import`), which knows nothing of it: the wall clock
 * as the sandbox says it is. Like a machine whose clock is set forward, timers do not notice by themselves.
 */
const RealDate = Date;
let offset = Number(process.env.SANDBOX_CLOCK_OFFSET ?? 0);

class ShiftedDate extends RealDate {
  constructor(...args: [] | [value: number | string | Date]) {
    if (args.length === 0) super(RealDate.now() + offset);
    else super(...(args as [number]));
  }

  static override now(): number {
    return RealDate.now() + offset;
  }
}

globalThis.Date = new Proxy(ShiftedDate, {
  // Date(...) called as a function gives the time as text.
  apply: () => new ShiftedDate().toString(),
  construct: (target, args, newTarget) =>
    args.length <= 1 ? Reflect.construct(target, args, newTarget) : Reflect.construct(RealDate, args, newTarget),
}) as unknown as DateConstructor;

process.on('message', (message: unknown) => {
  if (typeof message === 'object' && message !== null && 'clockOffset' in message) offset = Number(message.clockOffset);
});
// Listening for the sandbox must not keep the process alive.
process.channel?.unref();
