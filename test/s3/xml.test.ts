// The parser's tree, its strictness and its bounds; and that what is written can be read.

import test from 'ava';
import { SidecarError } from '../../src/errors.ts';
import {
  childOf,
  childrenOf,
  escapeXml,
  parseXml,
  textOf,
  xmlDocument,
  xmlElement,
} from '../../src/s3/xml.ts';

test('elements, attributes and text come out exactly, white space kept', (t) => {
  const root = parseXml(
    '<?xml version="1.0"?>\n<Delete xmlns="x"><Object><Key> a &amp;&#x41;\n b </Key></Object><Object><Key/></Object><s:Quiet a="1"><![CDATA[<true>]]></s:Quiet></Delete>',
  );
  t.is(root.name, 'Delete');
  t.deepEqual(
    childrenOf(root, 'Object').map((object) => textOf(object, 'Key')),
    [' a &A\n b ', ''],
  );
  t.is(childOf(root, 'Quiet')?.attributes['a'], '1');
  t.is(textOf(root, 'Quiet'), '<true>');
  t.is(textOf(root, 'Nope', 'Key'), undefined);
});

const refused: Readonly<Record<string, string | Buffer>> = {
  empty: '',
  'a document type': '<!DOCTYPE a><a/>',
  'an unknown entity': '<a>&b;</a>',
  'an entity bomb': '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
  'an unclosed element': '<a><b></a>',
  'text after the end': '<a/>b',
  'two roots': '<a/><b/>',
  'a control character': '<a>\u0001</a>',
  'bytes that are not UTF-8': Buffer.from('<a>\xff</a>', 'latin1'),
  'UTF-16': Buffer.from('\ufeff<a/>', 'utf16le'),
  'depth 33': '<a>'.repeat(33) + '</a>'.repeat(33),
};

for (const [what, input] of Object.entries(refused)) {
  test(`refused as malformed-xml: ${what}`, (t) => {
    const error = t.throws(() => parseXml(input), { instanceOf: SidecarError });
    t.is(error?.code, 'malformed-xml');
  });
}

test('size and number of nodes are bounded, and depth 32 is fine', (t) => {
  t.throws(() => parseXml(`<a>${' '.repeat(100)}</a>`, { bytesMax: 100 }), {
    message: /100 bytes/,
  });
  t.throws(() => parseXml(`<a>${'<b/>'.repeat(100)}</a>`, { nodesMax: 100 }), { message: /nodes/ });
  t.throws(() => parseXml('<a>'.repeat(100_000)), { message: /deeper/ });
  t.notThrows(() => parseXml('<a>'.repeat(32) + '</a>'.repeat(32)));
});

test('what is written is read back the same', (t) => {
  const text = ' <a> & "b"\'\r\n\t é😀 ';
  const document = xmlDocument('Root', [
    xmlElement('A', text),
    xmlElement('B', undefined),
    xmlElement('C', [xmlElement('D', 1), xmlElement('D', true)]),
  ]);
  const root = parseXml(document);
  t.is(textOf(root, 'A'), text);
  t.is(childOf(root, 'B'), undefined);
  t.is(textOf(root, 'C', 'D'), '1');
  t.is(escapeXml('\u0001'), '&#x1;');
});
