// The table of variables as people read it: in Markdown for the documentation, and in the terminal.

import { allVariables, notInThisVersion, type Variable } from './table.ts';

/** A Markdown table. The documentation holds exactly this text. */
export function renderConfigurationTable(): string {
  const rows = allVariables.map((variable) => {
    const names = `\`${variable.name}\`${variable.secret === true ? ' or `…_FILE`' : ''}`;
    return `| ${names} | ${markdownDefault(variable)} | ${help(variable).replaceAll('|', '\\|')} |`;
  });
  return ['| variable | default | meaning |', '|---|---|---|', ...rows, ''].join('\n');
}

function markdownDefault(variable: Variable<unknown>): string {
  if (variable.fallback !== undefined) return `\`${variable.fallback}\``;
  return variable.defaultText ?? '–';
}

/** Two lines a variable, for a terminal. */
export function renderConfigurationHelp(): string {
  const blocks = allVariables.map((variable) => {
    const value = variable.fallback ?? variable.defaultText;
    const note = value === undefined ? '' : ` [${value}]`;
    const file = variable.secret === true ? ' (or …_FILE)' : '';
    return `  ${variable.name}${file}${note}\n      ${help(variable).replaceAll('`', '')}\n`;
  });
  return blocks.join('');
}

function help({ help: text, notInThisVersion: isLater, fallback }: Variable<unknown>): string {
  if (isLater !== true) return text;
  const but = fallback === undefined ? '' : `but for \`${fallback}\`, `;
  return `${text} (${but}${notInThisVersion})`;
}
