/** The few types of workerd's module and globals that the shim needs; Cloudflare's own are 600 kB. */
declare module 'cloudflare:workers' {
  export class DurableObject<Bindings> {
    constructor(ctx: unknown, env: Bindings);
    protected readonly ctx: unknown;
    protected readonly env: Bindings;
  }
}

declare const WebSocketPair: new () => { 0: WebSocket; 1: WebSocket };
