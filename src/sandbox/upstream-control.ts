import type { IncomingMessage, ServerResponse } from "node:http";
import { type CallTotals, createCallRecorder, type RecordedCall } from "./call-recorder.ts";
import { createFaultPlan, type Fault } from "./faults.ts";
import { listenOnLoopback } from "./loopback-listener.ts";
import { parseFaults } from "./parse-faults.ts";
import { readRequest } from "./read-request.ts";
import { sendAnswer, sentStatus } from "./send-answer.ts";
import type { HeldTask, SandboxRequest, SandboxResponse, SandboxSwitches, SandboxUpstream } from "./upstream.ts";
import { SandboxUsageError } from "./usage-error.ts";

/** One emulated upstream in the hands of a test or an operator. */
export interface SandboxUpstreamControl {
  readonly name: string;
  /** Base URL of its listener, no trailing slash. */
  readonly url: string;
  /** The last 1000 calls, oldest first. */
  readonly calls: readonly RecordedCall[];
  /** Those of them that asked for tasks, refused ones included. */
  readonly taskCalls: readonly RecordedCall[];
  /** Calls that are neither answered in full nor given up: a silent one stays until its client leaves. */
  readonly openCalls: number;
  /** Counts since the last clearing, without the limit of 1000. */
  readonly totals: CallTotals;
  clearCalls(): void;
  readonly switches: Readonly<SandboxSwitches>;
  /** Changes the switches given and leaves the others. Throws `SandboxUsageError` on an unknown name and lists the known. */
  set(switches: SandboxSwitches): void;
  readonly faults: readonly Fault[];
  /** Replaces all faults; null ends them. Throws `SandboxUsageError` on a fault that cannot be. */
  fault(faults: Fault | readonly Fault[] | null): void;
  /** The upstream's own one-time actions, by name. */
  readonly actions: readonly string[];
  /** Throws `SandboxUsageError` on an unknown name and lists the known. */
  act(action: string): void;
  tasks(): readonly HeldTask[];
  /** Refuses connections from now on; running calls are cut off. */
  down(): Promise<void>;
  /** Accepts again, on the same port. */
  up(): Promise<void>;
  /** Calls, faults, switches and the upstream's own state; up again if it was down. */
  reset(): Promise<void>;
}

/** Starts the listener of one upstream. `now` is epoch milliseconds and becomes the `Date` header too. */
export async function startUpstream(
  name: string,
  upstream: SandboxUpstream,
  host: string,
  now: () => number,
): Promise<SandboxUpstreamControl> {
  const recorder = createCallRecorder();
  const plan = createFaultPlan();
  let openCalls = 0;

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    if (request === null) return void outgoing.destroy();
    openCalls += 1;
    outgoing.once("close", () => {
      openCalls -= 1;
    });
    const at = now();
    const response = respondSafely(name, upstream, request);
    const faults = plan.next({ path: request.path, taskIds: response.taskIds });
    recorder.record({
      method: request.method,
      path: request.path,
      rawQuery: request.rawQuery,
      headers: request.headers,
      body: request.body.toString("utf8"),
      taskIds: response.taskIds ?? null,
      status: sentStatus(response, faults.answerFault),
      fault: faults.label,
      at,
    });
    sendAnswer(outgoing, response, faults, at);
  };
  const listener = await listenOnLoopback((incoming, outgoing) => void answer(incoming, outgoing), host);

  return {
    name,
    url: listener.url,
    get calls() {
      return recorder.calls();
    },
    get taskCalls() {
      return recorder.calls().filter((call) => call.taskIds !== null);
    },
    get openCalls() {
      return openCalls;
    },
    get totals() {
      return recorder.totals();
    },
    clearCalls: () => recorder.clear(),
    get switches() {
      return upstream.switches;
    },
    set: (switches) => assignSwitches(name, upstream.switches, switches),
    get faults() {
      return plan.current();
    },
    fault: (faults) => plan.replace(parseFaults(faults)),
    actions: Object.keys(upstream.actions ?? {}),
    act: (action) => runAction(name, upstream, action),
    tasks: () => upstream.tasks(),
    down: () => listener.close(),
    up: () => listener.open(),
    async reset() {
      recorder.clear();
      plan.replace([]);
      upstream.reset();
      await listener.open();
    },
  };
}

/** An emulator that throws is a mistake in the sandbox; it must look like one and not like an upstream's fault. */
function respondSafely(name: string, upstream: SandboxUpstream, request: SandboxRequest): SandboxResponse {
  try {
    return upstream.respond(request);
  } catch (error) {
    return { status: 599, body: { sandboxError: `${name} threw: ${error instanceof Error ? error.stack : error}` } };
  }
}

function assignSwitches(name: string, current: SandboxSwitches, wanted: SandboxSwitches): void {
  const unknown = Object.keys(wanted).filter((key) => !Object.hasOwn(current, key));
  if (unknown.length > 0) {
    const known = Object.keys(current).join(", ");
    throw new SandboxUsageError(`${name} has no switch ${unknown.join(", ")}; known: ${known}`);
  }
  Object.assign(current, wanted);
}

function runAction(name: string, upstream: SandboxUpstream, action: string): void {
  const actions = upstream.actions ?? {};
  const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (run === undefined) {
    const known = Object.keys(actions).join(", ") || "none";
    throw new SandboxUsageError(`${name} has no action ${action}; known: ${known}`);
  }
  run();
}
