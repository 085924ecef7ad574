// S3's XML: a strict, bounded parser into a small tree, and a writer. No DTD, no entities but the five of XML and
// character references; white space in text is kept as it stands.

import { SaxesParser } from 'saxes';
import { SidecarError } from '../errors.ts';

export interface XmlElement {
  /** The local name: a namespace prefix is cut off. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** All text directly in this element, exactly. */
  readonly text: string;
}

export interface XmlLimits {
  readonly bytesMax?: number;
  readonly depthMax?: number;
  readonly nodesMax?: number;
}

const defaults = { bytesMax: 8 * 1024 * 1024, depthMax: 32, nodesMax: 200_000 };

interface OpenElement {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/** Throws a SidecarError `malformed-xml` for whatever is not one well-formed, modest document in UTF-8. */
export function parseXml(input: string | Uint8Array, limits: XmlLimits = {}): XmlElement {
  const { bytesMax, depthMax, nodesMax } = { ...defaults, ...limits };
  if (input.length > bytesMax) throw malformed(`it is longer than ${bytesMax} bytes`);
  const text = typeof input === 'string' ? input : decode(input);
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let nodes = 0;
  const parser = new SaxesParser<{ xmlns: false; position: false }>({
    xmlns: false,
    position: false,
  });
  parser.on('error', (error) => {
    throw malformed(error.message);
  });
  parser.on('doctype', () => {
    throw malformed('a document type is not allowed');
  });
  parser.on('opentag', (tag) => {
    nodes += 1 + Object.keys(tag.attributes).length;
    if (nodes > nodesMax) throw malformed(`it has more than ${nodesMax} nodes`);
    if (open.length >= depthMax) throw malformed(`it is nested deeper than ${depthMax}`);
    open.push({ name: localName(tag.name), attributes: tag.attributes, children: [], text: '' });
  });
  const addText = (piece: string): void => {
    const current = open.at(-1);
    if (current !== undefined) current.text += piece;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const closed = open.pop();
    const parent = open.at(-1);
    if (closed === undefined) return;
    if (parent === undefined) root = closed;
    else parent.children.push(closed);
  });
  parser.write(text).close();
  if (root === undefined) throw malformed('it has no element');
  return root;
}

/** The first child of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

export function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** The text at a path of names below the element, or undefined where a step is missing. */
export function textOf(element: XmlElement, ...path: readonly string[]): string | undefined {
  let current: XmlElement | undefined = element;
  for (const name of path) {
    if (current === undefined) return undefined;
    current = childOf(current, name);
  }
  return current?.text;
}

/** What may stand in an element: a value (escaped), or elements that are written already. */
export type XmlContent = string | number | boolean | readonly XmlPiece[];

/** Text that is XML already. */
export interface XmlPiece {
  readonly xml: string;
}

/** Writes one element; `undefined` content writes nothing, so optional elements need no `if`. */
export function xmlElement(name: string, content: XmlContent | undefined): XmlPiece {
  if (content === undefined) return { xml: '' };
  if (typeof content === 'object') return { xml: `<${name}>${joined(content)}</${name}>` };
  return { xml: `<${name}>${escapeXml(String(content))}</${name}>` };
}

/** A whole document with declaration, in S3's namespace. */
export function xmlDocument(name: string, content: readonly XmlPiece[]): string {
  return `${declaration}<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${joined(content)}</${name}>`;
}

export const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

function joined(pieces: readonly XmlPiece[]): string {
  let text = '';
  for (const piece of pieces) text += piece.xml;
  return text;
}

/** Control characters become references, as S3 writes them, though not every parser takes those below 0x20. */
export function escapeXml(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the characters that need it
  return text.replaceAll(/[&<>"'\u0000-\u001f\u007f\ufffe\uffff]/g, (character) => {
    const named = entities[character];
    return named ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
  });
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw malformed('it is not UTF-8', error);
  }
}

function malformed(why: string, cause?: unknown): SidecarError {
  return new SidecarError(`malformed XML: ${why}`, {
    code: 'malformed-xml',
    retryable: false,
    cause,
  });
}
