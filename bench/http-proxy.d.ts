declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http';

  const httpProxy: {
    createProxyServer(options: { readonly target: string; readonly agent: Agent }): {
      web(request: IncomingMessage, response: ServerResponse): void;
    };
  };
  // oxlint-disable-next-line import/no-default-export -- this is how the package is
  export default httpProxy;
}
