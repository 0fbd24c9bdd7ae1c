/** Texts of a policy are somebody's own words: neither commands of the runner, nor markup, nor marks that nobody sees. */

/** Characters that turn a line around, are invisible, or look like a space. */
const UNSEEN = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]|(?! )\p{Zs}/gu;

export const visible = (text) =>
  text.replace(UNSEEN, (mark) => {
    const number = mark.codePointAt(0).toString(16).toUpperCase();
    return number.length > 4 ? `\\u{${number}}` : `\\u${number.padStart(4, '0')}`;
  });

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

/** Cut in the middle: what was before stands at the beginning of a line, and what is now at its end. */
function shortened(line, length) {
  if (line.length <= length) return line;
  const half = Math.floor(length / 2);
  const left = line.length - 2 * half;
  return `${line.slice(0, half)} [… ${left} characters …] ${line.slice(-half)}`;
}

const fenceOf = (lines) =>
  '`'.repeat(lines.flatMap((line) => line.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 3) + 1);

/**
 * The report as Markdown. What does not fit is cut at the end of a block, with a mark, and the first lines say so.
 * @param report.head lines of Markdown; report.blocks are named lists of lines as they are, most important first
 * @param fit.limit the size that fits, and fit.sizeOf how it is measured; fit.line is the longest line, in characters
 * @param fit.rest where the whole text is
 */
export function rendered({ head, blocks }, { limit, sizeOf, line: longest, rest }) {
  let left = limit - sizeOf(head.join('\n')) - RESERVE;
  let missing = 0;
  const parts = blocks.map(({ title, lines }) => {
    const whole = lines.map(visible);
    const fence = fenceOf(whole);
    left -= sizeOf(`\n**${title}**\n\n${fence}text\n${fence}\n… ${lines.length} more lines\n`);
    const kept = [];
    for (const line of whole.map((one) => shortened(one, longest))) {
      if (sizeOf(line) + 1 > left) break;
      left -= sizeOf(line) + 1;
      kept.push(line);
    }
    const more = lines.length - kept.length;
    missing += more + kept.filter((line, at) => line !== whole[at]).length;
    // A line that fits no more ends what is shown: nothing less important stands in its place.
    if (more > 0) left = 0;
    return [`**${title}**`, '', `${fence}text`, ...kept, ...(more > 0 ? [`… ${more} more lines`] : []), fence].join(
      '\n',
    );
  });
  const cut = missing > 0 ? [`> **Cut: ${missing} lines are missing or shortened here.** ${rest}`] : [];
  return `${[head[0], ...cut, head.slice(1).join('\n'), ...parts].join('\n\n')}\n`;
}
