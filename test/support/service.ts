import { createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { providers } from "../../src/providers/registry.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";

export interface GraphqlAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    // biome-ignore lint/suspicious/noExplicitAny: answers take the shape of the query that each test writes
    readonly data?: any;
    readonly errors?: readonly {
      readonly message: string;
      readonly path?: readonly (string | number)[];
      readonly extensions?: Readonly<Record<string, unknown>>;
    }[];
  };
}

/** The whole service on a free port, its upstreams being a sandbox. */
export interface TestService {
  readonly url: string;
  readonly endpoint: string;
  /** Finished log lines, as they would stand on stdout. */
  readonly logLines: readonly string[];
  query(
    query: string,
    variables?: Readonly<Record<string, unknown>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<GraphqlAnswer>;
  close(): Promise<void>;
}

export interface TestServiceOptions {
  readonly sandbox: Pick<Sandbox, "accounts">;
  /** Merged over the sandbox's accounts, by account and key. */
  readonly accounts?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly server?: Readonly<Record<string, unknown>>;
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly cache?: Readonly<Record<string, unknown>>;
  readonly now?: () => number;
}

export async function startService(options: TestServiceOptions): Promise<TestService> {
  const logLines: string[] = [];
  const app = await createApp({
    config: loadConfig(
      {
        server: { port: 0, ...options.server },
        limits: options.limits ?? {},
        cache: options.cache ?? {},
        accounts: mergedAccounts(options),
      },
      { environment: {}, readFile: () => "" },
      providers,
    ),
    logLevel: "debug",
    logDestination: { write: (line) => logLines.push(line) },
    exampleQueries: [],
    // Looked up each time: a test may replace it.
    now: options.now ?? (() => Date.now()),
    random: Math.random,
  });
  const url = await app.listen();
  const endpoint = `${url}/graphql`;
  return {
    url,
    endpoint,
    logLines,
    async query(query, variables = {}, headers = {}) {
      const response = await fetch(endpoint, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ query, variables }),
      });
      return {
        status: response.status,
        headers: response.headers,
        body: (await response.json()) as GraphqlAnswer["body"],
      };
    },
    close: () => app.close(),
  };
}

/** For tests that ask the same again and count what the upstreams are asked. */
export const nothingKept = { maxEntries: 0 };

/** Tests ask more than a provider's default rate allows, some by a clock that stands still. */
const anyRate = { rateLimit: { perSecond: 1_000_000 } };

function mergedAccounts({ sandbox, accounts = {} }: TestServiceOptions): Record<string, unknown> {
  const names = Object.keys({ ...sandbox.accounts(), ...accounts });
  return Object.fromEntries(
    names.map((name) => [name, { ...anyRate, ...sandbox.accounts()[name], ...accounts[name] }]),
  );
}
