// The classes of bytes that HTTP's grammar knows (RFC 9110 section 5.6.2, RFC 9112 sections 3 and 5).

export const CR = 13;
export const LF = 10;
export const SPACE = 32;
export const TAB = 9;
export const COLON = 58;

export const TOKEN = 1;
export const VALUE = 2;
export const TARGET = 4;

const CLASSES = makeClasses();

/** Whether a char code belongs to a class; `NaN`, past the end of a string, belongs to none. */
export function isIn(byteClass: number, code: number | undefined): boolean {
  return ((CLASSES[code ?? -1] ?? 0) & byteClass) !== 0;
}

function makeClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  for (let code = 0; code < 256; code += 1) {
    const visible = code > SPACE && code !== 127;
    const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]$/.test(String.fromCharCode(code));
    const value = visible || code === SPACE || code === TAB;
    classes[code] = (token ? TOKEN : 0) | (value ? VALUE : 0) | (visible ? TARGET : 0);
  }
  return classes;
}
