// Colours where they are wanted, and text from elsewhere made safe for a terminal.

import { styleText } from 'node:util';
import type { Terminal } from './command.ts';

export type Colour = 'green' | 'red' | 'yellow' | 'gray' | 'bold';
export type Paint = (colour: Colour, text: string) => string;

/** Colours on a terminal only, and never with NO_COLOR (https://no-color.org). */
export function createPaint({ isTTY, env }: Pick<Terminal, 'isTTY' | 'env'>): Paint {
  const coloured = isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return (colour, text) => (coloured ? styleText(colour, text, { validateStream: false }) : text);
}

/** Keys and errors are other people's text: control characters are shown, not obeyed. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
