/** Texts of a policy are somebody's own words: neither commands of the runner, nor markup, nor marks that nobody sees. */

/** Characters that turn a line around, are invisible, or look like a space. */
const UNSEEN = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]|(?! )\p{Zs}/gu;
const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const FOREIGN = /[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]/u;

/** Looks like another word: letters of two alphabets in one, or a form that Unicode has beside the usual letters. */
const isDisguised = (word) => (/\p{Script=Latin}/u.test(word) && FOREIGN.test(word)) || word.normalize('NFKC') !== word;

const escaped = (mark) => {
  const number = mark.codePointAt(0).toString(16).toUpperCase();
  return number.length > 4 ? `\\u{${number}}` : `\\u${number.padStart(4, '0')}`;
};

export const visible = (text) =>
  text.replace(UNSEEN, escaped).replace(WORD, (word) => (isDisguised(word) ? word.replace(/[^ -~]/gu, escaped) : word));

/** For the first lines, and for the marks at what is cut. */
const RESERVE = 2_000;

/** In a line of its own: in code, nobody is mentioned and nothing is a link. */
export const code = (text) => `\`${visible(text).replaceAll('`', "'")}\``;

const data = (text) => text.split('\n').map(visible).join('\n').replaceAll('%', '%25').replaceAll('\n', '%0A');
const property = (text) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** A line of the log that GitHub shows at the file's line. */
export function annotate(severity, text, { file, line, title } = {}) {
  const at = Object.entries({ file, line, title }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${property(`${value}`)}`],
  );
  process.stdout.write(`::${severity}${at.length > 0 ? ` ${at.join(',')}` : ''}::${data(text)}\n`);
}

/** Indented: no run of marks in a line ends such a block, as it would end one in fences. */
const blockOf = (line) => `    ${line}`;

/** Cut in the middle: what was before stands at the beginning of a line, and what is now at its end. */
function shortened(line, length) {
  if (line.length <= length) return { text: blockOf(line), isCut: false };
  const half = Math.floor(length / 2);
  const left = line.length - 2 * half;
  return { text: blockOf(`${line.slice(0, half)} [… ${left} characters …] ${line.slice(-half)}`), isCut: true };
}

const titleOf = (title) => `**${title}**\n\n`;
const moreOf = (count) => blockOf(`… ${count} more lines`);

/**
 * The report as Markdown. What does not fit is cut at the end of a block, with a mark, and the first lines say so.
 * @param report.head lines of Markdown; report.blocks are named lists of lines as they are, most important first
 * @param fit.limit the size that fits, and fit.sizeOf how it is measured; fit.line is the longest line, in characters
 * @param fit.rest where the whole text is
 */
export function rendered({ head, blocks }, { limit, sizeOf, line: longest, rest }) {
  const sized = blocks.map(({ title, lines }) => {
    const shown = lines.map((line) => shortened(visible(line), longest));
    return { title, shown, size: shown.reduce((sum, { text }) => sum + sizeOf(text) + 1, 0) };
  });
  const frames = sized.map(({ title, shown }) => sizeOf(`\n${titleOf(title)}${moreOf(shown.length)}\n`));
  let left = limit - sizeOf(head.join('\n')) - RESERVE - frames.reduce((sum, size) => sum + size, 0);
  // Half of it in equal shares: however many lines one block has, it hides no other one. The rest goes by importance.
  const share = Math.max(0, Math.floor(left / 2 / sized.length));
  let kept = sized.reduce((sum, { size }) => sum + Math.min(size, share), 0);
  let missing = 0;
  const parts = sized.map(({ title, shown, size }) => {
    kept -= Math.min(size, share);
    const fitting = fittingIn(left - kept, shown, sizeOf);
    left -= fitting.reduce((sum, { text }) => sum + sizeOf(text) + 1, 0);
    const more = shown.length - fitting.length;
    missing += more + fitting.filter(({ isCut }) => isCut).length;
    return titleOf(title) + [...fitting.map(({ text }) => text), ...(more > 0 ? [moreOf(more)] : [])].join('\n');
  });
  const cut = missing > 0 ? [`> **Cut: ${missing} lines are missing or shortened here.** ${rest}`] : [];
  return `${[head[0], ...cut, head.slice(1).join('\n'), ...parts].join('\n\n')}\n`;
}

/** The first lines that fit: a line that does not ends what is shown, and nothing less important stands in its place. */
function fittingIn(room, lines, sizeOf) {
  let left = room;
  const end = lines.findIndex(({ text }) => {
    left -= sizeOf(text) + 1;
    return left < 0;
  });
  return end === -1 ? lines : lines.slice(0, end);
}
