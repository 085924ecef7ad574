// Damages messages the way an attacker would, the same for the same seed, and reads what comes of them the way a
// careless server would.

/** Numbers below a bound. */
export type Dice = (bound: number) => number;

export function dice(seed: number): Dice {
  let state = seed >>> 0;
  return (bound) => {
    // Mulberry32: short, and good enough for this.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}

export function pick<Value>(roll: Dice, values: readonly Value[]): Value {
  const value = values[roll(values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

/** Where parsers have been found to differ. */
const TRICKS = [
  '\r|\n|\r\n|\r\n\r\n|\n\n|\0| |\t|\x0b|\x0c|\x85|\xa0|\xff|\x7f|:|;|,|"|+|-|0|00|1|9|a|F|0x|_|.|*|//|@|#|?|%0d%0a',
  'chunked|Chunked|identity|, chunked|gzip, |close|HTTP/1.0|HTTP/1.1|HTTP/0.9|HTTP/2.0|Transfer-Encoding\r\n',
  'Content-Length: 5\r\n|Content-Length: 0\r\n|content-length:6\r\n|Content-Length : 7\r\n| Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n|Transfer-Encoding:\tchunked\r\n|transfer-encoding: x\r\n|Upgrade: h2c\r\n',
  'Connection: close\r\n|Connection: content-length\r\n|Connection: Host\r\n|Host: other\r\n|X: y\r\n z\r\n',
  'Expect: 100-continue\r\n|0\r\n\r\n|0\r\n|5\r\nhello\r\n|5;a=b\r\nhello\r\n|ffffffffffffffff\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n|HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n|HTTP/1.1 100 Continue\r\n\r\n',
].flatMap((some) => some.split('|'));

/** One small damage to a text. */
export function mutated(text: string, roll: Dice): string {
  const at = roll(text.length + 1);
  const length = 1 + roll(pick(roll, [1, 3, 20]));
  const [before, cut, behind] = [
    text.slice(0, at),
    text.slice(at, at + length),
    text.slice(at + length),
  ];
  switch (roll(9)) {
    case 0:
      return before + behind;
    case 1:
      return before + String.fromCharCode(roll(256)) + cut.slice(1) + behind;
    case 2:
      return before + cut + cut + behind;
    case 3:
      return before + (roll(2) === 0 ? cut.toUpperCase() : cut.toLowerCase()) + behind;
    case 4:
      return withLine(text, roll, (line) => line + line);
    case 5:
      return withLine(text, roll, () => '');
    case 6:
      return withLine(text, roll, (line) => pick(roll, TRICKS) + line);
    default:
      return before + pick(roll, TRICKS) + text.slice(roll(2) === 0 ? at : at + length);
  }
}

/** Does something to one of the lines, each with its end. */
function withLine(text: string, roll: Dice, change: (line: string) => string): string {
  const lines = text.split(/(?<=\n)/);
  const at = roll(lines.length);
  return lines.map((line, index) => (index === at ? change(line) : line)).join('');
}

export interface Seen {
  readonly method: string;
  readonly target: string;
  /** The content, without chunks. */
  readonly body: string;
}

/**
 * Reads requests as forgivingly as servers ever did: any line end, folded lines, spaces anywhere, the last length,
 * anything that contains "chunked", sizes up to the first odd character. Where this reads another request than a
 * wire did, something was smuggled.
 */
export class CarelessReader {
  #waiting = '';

  /** Takes what came; all requests that are whole by now. */
  read(bytes: string): Seen[] {
    this.#waiting += bytes;
    const seen: Seen[] = [];
    for (let next = this.#request(); next !== undefined; next = this.#request()) seen.push(next);
    return seen;
  }

  /** Whether something came that is no whole request. */
  get begun(): boolean {
    return this.#waiting !== '';
  }

  #request(): Seen | undefined {
    const text = this.#waiting.replace(/^[\r\n]+/, '');
    const end = /(?:\r\n|\n|\r(?!\n|$)){2}/.exec(text);
    if (end === null) return undefined;
    const head = text.slice(0, end.index).replaceAll(/(?:\r?\n|\r)[ \t]+/g, ' ');
    const [start = '', ...lines] = head.split(/\r?\n|\r/);
    const [method = '', target = ''] = start.split(/[ \t]+/);
    const valuesOf = (name: string): string[] =>
      lines
        .filter((line) => line.split(':')[0]?.trim().toLowerCase() === name)
        .map((line) => line.slice(line.indexOf(':') + 1));
    const rest = text.slice(end.index + end[0].length);
    const chunked = valuesOf('transfer-encoding').some((value) => /chunked/i.test(value));
    const length = Number.parseInt(valuesOf('content-length').at(-1) ?? '0', 10) || 0;
    const read = chunked ? readChunks(rest) : readLength(rest, length);
    if (read === undefined) return undefined;
    this.#waiting = read.rest;
    return { method, target, body: read.body };
  }
}

interface Body {
  readonly body: string;
  readonly rest: string;
}

function readLength(text: string, length: number): Body | undefined {
  if (text.length < length) return undefined;
  return { body: text.slice(0, length), rest: text.slice(length) };
}

function readChunks(text: string): Body | undefined {
  let body = '';
  let at = 0;
  for (;;) {
    const end = text.indexOf('\n', at);
    if (end === -1) return undefined;
    const size = Number.parseInt(text.slice(at, end), 16) || 0;
    at = end + 1;
    if (size === 0) break;
    if (text.length < at + size + 2) return undefined;
    body += text.slice(at, at + size);
    at += size + 2;
  }
  const trailers = /^(?:[^\r\n]+\r?\n)*\r?\n/.exec(text.slice(at));
  return trailers === null ? undefined : { body, rest: text.slice(at + trailers[0].length) };
}

export interface AnswerSeen {
  readonly head: string;
  readonly text: string;
  readonly whole: boolean;
}

/** Reads the answers to requests of these methods, as a correct client would. */
export function readAnswers(text: string, methods: readonly string[]): AnswerSeen[] {
  const answers: AnswerSeen[] = [];
  let rest = text;
  let begun = '';
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n') + 4;
    if (end === 3) return [...answers, { head: rest, text: begun + rest, whole: false }];
    const head = rest.slice(0, end);
    const status = /^HTTP\/1\.[01] (\d{3})(?: |\r)/.exec(head)?.[1];
    if (status === undefined) throw new Error(`no answer: ${JSON.stringify(rest.slice(0, 200))}`);
    rest = rest.slice(end);
    if (status.startsWith('1')) {
      begun += head;
      continue;
    }
    const bodiless = methods[answers.length] === 'HEAD' || status === '204' || status === '304';
    const body = bodiless ? { body: '', rest } : answerBody(head, rest);
    const taken = rest.slice(0, rest.length - (body?.rest.length ?? 0));
    answers.push({ head, text: begun + head + taken, whole: body !== undefined });
    begun = '';
    rest = body?.rest ?? '';
  }
  return answers;
}

function answerBody(head: string, rest: string): Body | undefined {
  if (/\r\ntransfer-encoding:/i.test(head)) return readChunks(rest);
  const length = /\r\ncontent-length: ?(\d+)\r\n/i.exec(head)?.[1];
  return length === undefined ? { body: rest, rest: '' } : readLength(rest, Number(length));
}
