import test from 'ava';
import { keyOfForm } from '../../src/s3/post-form.ts';

const type = 'multipart/form-data; boundary=XX';
const part = (name: string, value: string, extra = ''): string =>
  `--XX\r\nContent-Disposition: form-data; name="${name}"${extra}\r\n\r\n${value}\r\n`;
const file =
  '--XX\r\nContent-Disposition: form-data; name="file"; filename="C:\\dir\\pic$&.png"\r\n\r\n';

test('the key is known when the file part begins, and not before', (t) => {
  const whole = part('policy', 'p') + part('key', 'uploads/é.txt') + file;
  t.deepEqual(keyOfForm(type, Buffer.from(whole)), { kind: 'key', key: 'uploads/é.txt' });
  for (let length = 0; length < Buffer.byteLength(whole); length += 1) {
    const { kind } = keyOfForm(type, Buffer.from(whole).subarray(0, length));
    t.is(kind, 'incomplete', `after ${length} bytes`);
  }
});

test('${filename} stands for the last segment of the file name, taken literally', (t) => {
  const form = Buffer.from(part('key', 'u/${filename}') + file);
  t.deepEqual(keyOfForm(type, form), { kind: 'key', key: 'u/pic$&.png' });
});

test('a form without a key, a file or a boundary is unreadable', (t) => {
  t.is(keyOfForm(type, Buffer.from(part('acl', 'x') + file)).kind, 'unreadable');
  t.is(keyOfForm(type, Buffer.from(`${part('key', 'k')}--XX--\r\n`)).kind, 'unreadable');
  t.is(keyOfForm('multipart/form-data', Buffer.from(file)).kind, 'unreadable');
});
