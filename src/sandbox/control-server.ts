import type { IncomingMessage, ServerResponse } from "node:http";
import { listenOnLoopback } from "./loopback-listener.ts";
import { readRequest } from "./read-request.ts";
import type { Sandbox } from "./sandbox.ts";
import type { SandboxRequest } from "./upstream.ts";
import type { SandboxUpstreamControl } from "./upstream-control.ts";
import { SandboxUsageError } from "./usage-error.ts";

export interface ControlServer {
  readonly url: string;
  close(): Promise<void>;
}

interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

type UpstreamRoute = (control: SandboxUpstreamControl, request: SandboxRequest) => unknown;

const UPSTREAM_ROUTES: Readonly<Record<string, UpstreamRoute>> = {
  "GET calls": (control) => control.calls,
  "DELETE calls": (control) => {
    control.clearCalls();
    return { calls: 0 };
  },
  "GET tasks": (control) => control.tasks(),
  "GET switches": (control) => control.switches,
  "PUT switches": (control, request) => {
    control.set(readObject(request));
    return control.switches;
  },
  "GET faults": (control) => control.faults,
  "PUT faults": (control, request) => {
    // Checked inside `fault`, where calls from code are checked as well.
    control.fault(readJson(request) as Parameters<SandboxUpstreamControl["fault"]>[0]);
    return control.faults;
  },
  "GET actions": (control) => control.actions,
  "POST down": async (control) => {
    await control.down();
    return { listening: false };
  },
  "POST up": async (control) => {
    await control.up();
    return { listening: true };
  },
};

const USAGE = [
  "GET /",
  "DELETE /",
  ...Object.keys(UPSTREAM_ROUTES).map((route) => route.replace(" ", " /<upstream>/")),
  "POST /<upstream>/actions/<name>",
];

/** The sandbox's control over HTTP with JSON. Mistakes of the caller are 400 or 404 with an `error` that says what would do. */
export async function startControlServer(sandbox: Sandbox, host: string, port: number): Promise<ControlServer> {
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    if (request === null) return void outgoing.destroy();
    const { status, body } = await answerSafely(sandbox, request);
    outgoing.writeHead(status, { "content-type": "application/json" });
    outgoing.end(`${JSON.stringify(body, null, 2)}\n`);
  };
  return listenOnLoopback((incoming, outgoing) => void handle(incoming, outgoing), host, port);
}

async function answerSafely(sandbox: Sandbox, request: SandboxRequest): Promise<ControlAnswer> {
  try {
    return await answer(sandbox, request);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { status: error instanceof SandboxUsageError ? 400 : 500, body: { error: message } };
  }
}

async function answer(sandbox: Sandbox, request: SandboxRequest): Promise<ControlAnswer> {
  const [upstreamName = "", resource = "", action, ...rest] = request.path.slice(1).split("/");
  if (upstreamName === "") return answerRoot(sandbox, request);
  if (!sandbox.upstreamNames.includes(upstreamName)) {
    return { status: 404, body: { error: `no upstream ${upstreamName}; known: ${sandbox.upstreamNames.join(", ")}` } };
  }

  const control = sandbox.upstream(upstreamName);
  if (request.method === "POST" && resource === "actions" && action !== undefined && rest.length === 0) {
    control.act(action);
    return { status: 200, body: { done: action } };
  }
  const key = `${request.method} ${resource}`;
  const route = action === undefined && Object.hasOwn(UPSTREAM_ROUTES, key) ? UPSTREAM_ROUTES[key] : undefined;
  if (route === undefined) return { status: 404, body: { error: "no such control", usage: USAGE } };
  return { status: 200, body: await route(control, request) };
}

async function answerRoot(sandbox: Sandbox, request: SandboxRequest): Promise<ControlAnswer> {
  if (request.method === "DELETE") await sandbox.reset();
  else if (request.method !== "GET") return { status: 404, body: { error: "no such control", usage: USAGE } };
  return { status: 200, body: overview(sandbox) };
}

function overview(sandbox: Sandbox): unknown {
  const controls = sandbox.upstreamNames.map((name) => sandbox.upstream(name));
  return {
    exampleIds: sandbox.exampleIds,
    upstreams: Object.fromEntries(
      controls.map((control) => [
        control.name,
        {
          url: control.url,
          openCalls: control.openCalls,
          ...control.totals,
          faults: control.faults,
          actions: control.actions,
        },
      ]),
    ),
    usage: USAGE,
  };
}

function readObject(request: SandboxRequest): Record<string, unknown> {
  const value = readJson(request);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new SandboxUsageError("the body must be a JSON object");
}

function readJson(request: SandboxRequest): unknown {
  try {
    return JSON.parse(request.body.toString("utf8"));
  } catch {
    throw new SandboxUsageError("the body must be JSON");
  }
}
