// The dashboard: one page without anything from elsewhere. It holds no data itself; its script asks the API,
// with the token that the reader gives it, and writes what comes as text, never as markup.

import { createHash } from 'node:crypto';
import type { Answer } from './answer.ts';
import { dashboardScript } from './dashboard-script.ts';

const style = `
:root { color-scheme: light dark; --dim: #6b7280; --line: #d1d5db; --good: #15803d; --bad: #b91c1c; --wait: #a16207 }
@media (prefers-color-scheme: dark) { :root { --dim: #9ca3af; --line: #374151; --good: #4ade80; --bad: #f87171; --wait: #facc15 } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { color: var(--dim); font-weight: 500 } .number { text-align: right; font-variant-numeric: tabular-nums }
.dim { color: var(--dim) } .good { color: var(--good) } .bad { color: var(--bad) } .wait { color: var(--wait) }
.break { overflow-wrap: anywhere } form { margin: 2rem 0 }
`;

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Replicar</title>
<style>${style}</style>
</head>
<body>
<h1>Replicar <span id="site" class="dim"></span></h1>
<p id="summary" class="dim" role="status">Asking the sidecar …</p>
<form id="login" hidden>
<label>Admin token <input id="token" type="password" autocomplete="off"></label> <button>Show</button>
</form>
<main id="main" hidden>
<h2>Targets</h2><div class="scroll"><table id="targets"></table></div>
<h2>Failures</h2><div class="scroll"><table id="failures"></table></div>
<h2>Rules</h2><div class="scroll"><table id="rules"></table></div>
<section id="resyncs-section" hidden><h2>Wanted resyncs</h2><div class="scroll"><table id="resyncs"></table></div></section>
</main>
<noscript>This page needs JavaScript; GET /api/status says the same as JSON.</noscript>
<script>${dashboardScript}</script>
</body>
</html>
`;

/** Only this very script and style may run, and they may talk to nobody but us. */
const policy = [
  "default-src 'none'",
  `script-src '${hash(dashboardScript)}'`,
  `style-src '${hash(style)}'`,
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function dashboard(): Answer {
  return {
    status: 200,
    contentType: 'text/html; charset=utf-8',
    body: page,
    headers: { 'content-security-policy': policy, 'referrer-policy': 'no-referrer' },
  };
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
