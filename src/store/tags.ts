// Tag sets: read from the header and from XML, checked by S3's rules, written back.

import { SidecarError } from '../errors.ts';
import type { XmlElement, XmlPiece } from '../s3/xml.ts';
import { childOf, childrenOf, parseXml, textOf, xmlElement } from '../s3/xml.ts';
import type { Content } from './content.ts';
import type { Tag } from './model.ts';
import { parseQuery } from './request.ts';
import { StoreError } from './store-error.ts';

/** `x-amz-tagging: a=b&c=d`, encoded like a query. */
export function tagsOfHeader(value: string | undefined): readonly Tag[] {
  if (value === undefined || value === '') return [];
  const pairs = value.split('&').filter((piece) => piece !== '');
  const tags = [...parseQuery(value)].map(([key, tagValue]) => ({ key, value: tagValue }));
  if (tags.length !== pairs.length) throw new StoreError('InvalidTag', 'A tag key is given twice.');
  return checkTags(tags, 10);
}

export function tagsOfXml(content: Content, tagsMax: number): readonly Tag[] {
  return tagsOfElement(readXml(content, 'Tagging'), tagsMax);
}

export function tagsOfElement(root: XmlElement, tagsMax: number): readonly Tag[] {
  const set = childOf(root, 'TagSet');
  if (set === undefined) throw new StoreError('MalformedXML');
  const tags = childrenOf(set, 'Tag').map((tag) => {
    const [key, value] = [textOf(tag, 'Key'), textOf(tag, 'Value')];
    if (key === undefined || value === undefined) throw new StoreError('MalformedXML');
    return { key, value };
  });
  return checkTags(tags, tagsMax);
}

export function tagSetXml(tags: readonly Tag[]): XmlPiece {
  return xmlElement(
    'TagSet',
    tags.map(({ key, value }) =>
      xmlElement('Tag', [xmlElement('Key', key), xmlElement('Value', value)]),
    ),
  );
}

/** As `x-amz-tagging` carries them. */
export function tagsToHeader(tags: readonly Tag[]): string {
  return new URLSearchParams(
    tags.map(({ key, value }): [string, string] => [key, value]),
  ).toString();
}

/** The document's root, which must have the given name; anything else is MalformedXML. */
export function readXml(content: Content, root: string): XmlElement {
  try {
    const element = parseXml(content.bytes());
    if (element.name === root) return element;
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
  }
  throw new StoreError('MalformedXML');
}

function checkTags(tags: readonly Tag[], tagsMax: number): readonly Tag[] {
  if (tags.length > tagsMax) {
    throw new StoreError('InvalidTag', `There may be at most ${tagsMax} tags.`);
  }
  const keys = new Set<string>();
  for (const { key, value } of tags) {
    if (key === '' || Array.from(key).length > 128) {
      throw new StoreError('InvalidTag', 'The TagKey you have provided is invalid');
    }
    if (Array.from(value).length > 256) {
      throw new StoreError('InvalidTag', 'The TagValue you have provided is invalid');
    }
    if (keys.has(key)) {
      throw new StoreError('InvalidTag', 'Cannot provide multiple Tags with the same key');
    }
    keys.add(key);
  }
  return tags;
}
