// Reads variables of the table from an environment, and collects what is wrong on the way.

import type { ConfigFault } from './fault.ts';
import type { DefaultedVariable, Variable } from './table.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type ReadFile = (path: string) => string;

export class Reader {
  readonly faults: ConfigFault[] = [];
  /** The names that were looked at, `…_FILE` included: what else begins like ours is unknown. */
  readonly known = new Set<string>();
  readonly #env: Environment;
  readonly #readFile: ReadFile;

  constructor(env: Environment, readFile: ReadFile) {
    this.#env = env;
    this.#readFile = readFile;
  }

  /** Whether anything is given for the variable, right or wrong. */
  given(name: string): boolean {
    return this.#text(name) !== undefined || this.#text(`${name}_FILE`) !== undefined;
  }

  isFaulty(name: string): boolean {
    return this.faults.some(({ variable }) => variable === name || variable === `${name}_FILE`);
  }

  fault(fault: ConfigFault): void {
    this.faults.push(fault);
  }

  /**
   * The value, or the default's. After a fault the default stands in, so that reading can go on; where there
   * is none it is undefined.
   */
  read<T>(variable: DefaultedVariable<T>, name?: string): T;
  read<T>(variable: Variable<T>, name?: string): T | undefined;
  read<T>(variable: Variable<T>, name = variable.name): T | undefined {
    const text = variable.secret === true ? this.#secret(variable, name) : this.#plain(name);
    if (text === undefined) return standIn(variable);
    const parsed = variable.parse(text);
    if ('value' in parsed) return parsed.value;
    const fromFile = variable.secret === true && this.#text(name) === undefined;
    this.fault({
      variable: fromFile ? `${name}_FILE` : name,
      value: variable.secret === true ? undefined : text,
      expected: parsed.expected,
      ...(parsed.hint === undefined ? {} : { hint: parsed.hint }),
    });
    return standIn(variable);
  }

  /** The text of a file; undefined, and a fault of the variable that names it, where it cannot be read. */
  contents(name: string, path: string): string | undefined {
    try {
      return this.#readFile(path);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
      this.fault({ variable: name, value: path, expected: `the file cannot be read${code}` });
      return undefined;
    }
  }

  #plain(name: string): string | undefined {
    this.known.add(name);
    return this.#text(name);
  }

  /** A secret stands in the variable itself, or in the file that its `…_FILE` names. */
  #secret(variable: Variable<unknown>, name: string): string | undefined {
    const direct = this.#plain(name);
    const fileName = `${name}_FILE`;
    const path = this.#plain(fileName);
    if (path === undefined) return direct;
    if (direct !== undefined) {
      const expected = `${fileName} is given too`;
      this.fault({ variable: name, value: undefined, expected, hint: 'keep one of the two' });
      return undefined;
    }
    if (variable.notInThisVersion === true) return path;
    const content = this.contents(fileName, path)?.replace(/\r?\n$/, '');
    if (content !== '') return content;
    this.fault({ variable: fileName, value: path, expected: 'the file is empty' });
    return undefined;
  }

  /** An empty variable is one that is not set: compose files and charts pass them on that way. */
  #text(name: string): string | undefined {
    const text = this.#env[name];
    return text === '' ? undefined : text;
  }
}

function standIn<T>(variable: Variable<T>): T | undefined {
  const parsed = variable.fallback === undefined ? undefined : variable.parse(variable.fallback);
  return parsed !== undefined && 'value' in parsed ? parsed.value : undefined;
}
