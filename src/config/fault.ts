// What is wrong with the configuration: every fault, told at once, and no secret in any of them.

export interface ConfigFault {
  readonly variable: string;
  /** What was given; undefined where nothing was, or where it may be a secret. */
  readonly value: string | undefined;
  readonly expected: string;
  readonly hint?: string;
}

export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    super(faults.map(describeFault).join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** One line for a person. */
export function describeFault(fault: ConfigFault): string {
  const given =
    fault.value === undefined ? fault.variable : `${fault.variable}=${show(fault.value)}`;
  return `${given}: ${fault.expected}${fault.hint === undefined ? '' : ` (${fault.hint})`}`;
}

function show(value: string): string {
  const masked = value.replace(/\/\/[^/@]*@/g, '//***@');
  return JSON.stringify(masked.length > 200 ? `${masked.slice(0, 200)}…` : masked);
}
