// The script of the dashboard, as it runs in the browser.

export const dashboardScript = `'use strict';
const element = (id) => document.getElementById(id);
const refreshMs = 2000;
let token = sessionStorage.getItem('replicar-token') || '';

async function ask(path) {
  const headers = token === '' ? {} : { authorization: 'Bearer ' + token };
  const answer = await fetch(path, { headers, cache: 'no-store', signal: AbortSignal.timeout(10000) });
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.message), { status: answer.status });
  return body;
}

async function refresh() {
  try {
    const [status, page] = await Promise.all([ask('api/status'), ask('api/failures?limit=50')]);
    element('login').hidden = true;
    element('main').hidden = false;
    show(status, page);
  } catch (error) {
    if (error.status === 401) {
      element('main').hidden = true;
      element('login').hidden = false;
      element('summary').textContent = token === '' ? 'The sidecar asks for its admin token.' : error.message;
      return;
    }
    element('summary').textContent = 'No answer from the sidecar: ' + error.message;
  }
  setTimeout(refresh, refreshMs);
}

element('login').addEventListener('submit', (event) => {
  event.preventDefault();
  token = element('token').value.trim();
  element('token').value = '';
  sessionStorage.setItem('replicar-token', token);
  refresh();
});

function show(status, page) {
  element('site').textContent = status.site;
  const journal = 'journal ' + status.journal.state + (status.journal.reason ? ' (' + status.journal.reason + ')' : '');
  element('summary').textContent = ['version ' + status.version, 'up ' + duration(status.uptimeSeconds), journal,
    bytes(status.journal.sizeBytes) + ' used, ' + bytes(status.journal.freeBytes) + ' free',
    status.intentsOpen + ' intents open'].join(' · ');
  element('summary').className = status.journal.state === 'ok' ? 'dim' : 'bad';
  table('targets', ['target', 'state', '#pending', '#failed', '#parked', 'oldest', '#completed', '#bytes', 'lag p50 / p99', 'endpoint', 'last error'],
    status.targets.map((target) => [target.name, [target.configured ? target.state : 'removed', stateClass(target)],
      target.pending, [target.failed, target.failed > 0 ? 'wait' : ''], [target.parked, target.parked > 0 ? 'bad' : ''],
      target.pending === 0 ? '–' : duration(target.oldestSeconds), target.completed, bytes(target.completedBytes),
      lag(target.lagSeconds.p50) + ' / ' + lag(target.lagSeconds.p99),
      [target.endpoint + (target.sync ? ' (sync)' : '') + (target.dialect ? ' · ' + target.dialect : ''), 'break'],
      [target.lastError || '–', 'break']]));
  table('failures', ['target', 'state', 'kind', 'object', '#attempts', 'next attempt', 'reason'],
    page.failures.map((failure) => [failure.target, [failure.state, failure.state === 'failed' ? 'wait' : 'bad'], failure.kind,
      [failure.bucket + '/' + failure.key, 'break'], failure.attempts, failure.nextAttemptAt, [failure.code + ': ' + failure.reason, 'break']]),
    page.next === null ? '' : 'only the first 50 are shown');
  table('rules', ['rule', 'from', 'to', '#priority', 'replicates', 'enabled'],
    status.rules.map((rule) => [rule.name, [rule.bucket + (rule.prefix ? '/' + rule.prefix : ''), 'break'],
      rule.target + (rule.targetBucket ? '/' + rule.targetBucket : ''), rule.priority,
      ['objects'].concat(rule.replicate).join(', '), rule.enabled ? 'yes' : 'no']));
  element('resyncs-section').hidden = status.resyncs.length === 0;
  table('resyncs', ['bucket', 'target', 'since', 'reason'],
    status.resyncs.map((resync) => [resync.bucket, resync.target, resync.since, [resync.reason, 'break']]));
}

function stateClass(target) {
  if (!target.configured || target.state === 'paused') return 'wait';
  return target.state === 'up' ? 'good' : 'bad';
}

function table(id, titles, rows, note) {
  const head = document.createElement('tr');
  for (const title of titles) {
    const cell = document.createElement('th');
    cell.textContent = title.replace('#', '');
    if (title.startsWith('#')) cell.className = 'number';
    head.append(cell);
  }
  const body = rows.map((values) => {
    const row = document.createElement('tr');
    values.forEach((value, column) => {
      const cell = document.createElement('td');
      const [text, name] = Array.isArray(value) ? value : [value, ''];
      cell.textContent = text;
      cell.className = (titles[column].startsWith('#') ? 'number ' : '') + name;
      row.append(cell);
    });
    return row;
  });
  const caption = rows.length === 0 ? 'none' : note;
  if (caption) {
    const row = document.createElement('tr');
    const cell = document.createElement('td');
    cell.colSpan = titles.length;
    cell.className = 'dim';
    cell.textContent = caption;
    row.append(cell);
    body.push(row);
  }
  element(id).replaceChildren(head, ...body);
}

function duration(seconds) {
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return days + 'd ' + hours + 'h';
  if (hours > 0) return hours + 'h ' + minutes + 'm';
  return minutes > 0 ? minutes + 'm ' + (seconds % 60) + 's' : seconds + 's';
}

function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) { count /= 1024; unit++; }
  return (unit === 0 ? count : count.toFixed(1)) + ' ' + units[unit];
}

function lag(seconds) {
  if (seconds === null) return '–';
  return seconds < 1 ? Math.round(seconds * 1000) + 'ms' : seconds < 10 ? seconds.toFixed(1) + 's' : duration(Math.round(seconds));
}

refresh();
`;
