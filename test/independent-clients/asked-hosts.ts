import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";

const channel = "http.client.request.start";

/** Hosts that this process asked through `node:http` and `node:https`, which is how the vendors' SDKs talk. */
export interface AskedHosts {
  /** Each once. */
  names(): string[];
  stop(): void;
}

/** Code that we did not write is watched: it may only ask the sandbox. */
export function watchAskedHosts(): AskedHosts {
  const names = new Set<string>();
  const listen = (message: unknown): void => {
    names.add((message as { readonly request: ClientRequest }).request.host);
  };
  subscribe(channel, listen);
  return { names: () => [...names], stop: () => void unsubscribe(channel, listen) };
}
