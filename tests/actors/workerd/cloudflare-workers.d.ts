/** The little of workerd's own module and globals that the shim needs; Cloudflare's types are 600 kB for that. */
declare module 'cloudflare:workers' {
  export class DurableObject<Bindings> {
    constructor(ctx: unknown, env: Bindings);
    protected readonly ctx: unknown;
    protected readonly env: Bindings;
  }
}

declare const WebSocketPair: new () => { 0: WebSocket; 1: WebSocket };
