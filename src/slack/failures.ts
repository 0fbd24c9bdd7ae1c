/** What people read where something on our side failed: what is so now, and what to do. Each has to be true. */

const FAULT = ':warning: Something on our side failed';

/** Where something was asked for, and only there. */
export const FAILED = `${FAULT}, so *nothing was requested and nothing was granted*. Try again in a minute; if it stays, tell whoever runs the bot.`;

export const NOT_CHANGED = `${FAULT}, so nothing was changed. Try again in a minute.`;

export const NOT_REVOKED = `${FAULT}: *the access is still there*. Try again in a minute with \`/jit revoke\`; an administrator can end it with \`/jit admin\`. It still ends by itself at its time.`;

export const NOT_EXTENDED = `${FAULT}, so *no more time was asked for*. What is held ends when it would have. Try again in a minute with \`/jit extend\`.`;

export const NOT_CANCELLED = `${FAULT}: *the request is not cancelled*, and may still be approved. Try again in a minute with \`/jit cancel\`.`;

export const NOT_REVIEWED = `${FAULT}, so *your answer was not recorded*. Try again in a minute.`;

export const NOT_LOOKED_UP = `${FAULT}, so this could not be looked up. Nothing was changed. Try again in a minute.`;

export const NOT_FROZEN = `${FAULT}: *access is not frozen*, as far as the bot knows, and what is live is still there. Try again at once: \`/jit admin freeze REASON\`.`;

export const GLASS_NOT_BROKEN = `${FAULT}, so *nothing was granted*. Try again; if it is urgent, call an administrator.`;

export const ADMIN_FAILED = `${FAULT}. *What was to be ended or frozen may still be there*: look with \`/jit admin\`, and try again.`;
