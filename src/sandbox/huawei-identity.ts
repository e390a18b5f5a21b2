import { HUAWEI_ACCESS_KEYS, HUAWEI_PROJECTS, HUAWEI_REGION } from "./huawei-directory.ts";
import { parseAuthorization, verifySignature } from "./huawei-signature.ts";
import type { SandboxEnvironment, SandboxRequest } from "./upstream.ts";

export type RefusalCause =
  | "missing-token"
  | "unknown-token"
  | "expired-token"
  | "other-region"
  | "other-project"
  | "signature"
  | "locked";

export interface IdentityRefusal {
  readonly kind: "refused";
  readonly cause: RefusalCause;
  readonly message: string;
}

/** `projectIds`: what the identity may see. */
export type IdentityVerdict = { readonly kind: "accepted"; readonly projectIds: readonly string[] } | IdentityRefusal;

/** What IAM knows of a token it issued. `projectId` is null for a token without project scope. */
export interface IssuedToken {
  readonly projectId: string | null;
  readonly expiresAtMs: number;
}

/** Tokens and key locks, shared by the emulated IAM, DLI and DRS of one sandbox. */
export interface HuaweiIdentity {
  /** Returns the new token's text. Older tokens stay valid. */
  issueToken(token: IssuedToken): string;
  revokeTokens(): void;
  unlockKeys(): void;
  /** Checks token or signature; `projectId` is the one in the path, or null where the path has none. */
  check(request: SandboxRequest, projectId: string | null): IdentityVerdict;
}

interface KeyTrouble {
  readonly failures: number;
  readonly lockedUntilMs: number;
}

const identities = new WeakMap<SandboxEnvironment, HuaweiIdentity>();

const TOLERATED_FAILURES = 5;
const LOCK_MS = 5 * 60_000;

/** The identity of the sandbox that the environment belongs to: every call with one environment gives the same one. */
export function identityOf(environment: SandboxEnvironment): HuaweiIdentity {
  const known = identities.get(environment);
  if (known !== undefined) return known;
  const created = createIdentity(environment);
  identities.set(environment, created);
  return created;
}

function createIdentity(environment: SandboxEnvironment): HuaweiIdentity {
  const tokens = new Map<string, IssuedToken>();
  const troubles = new Map<string, KeyTrouble>();
  let issued = 0;

  return {
    issueToken(token) {
      issued += 1;
      const text = `MIIsandbox-iam-token-${issued}-${randomText(environment, 96)}`;
      tokens.set(text, token);
      return text;
    },
    revokeTokens: () => tokens.clear(),
    unlockKeys: () => troubles.clear(),
    check(request, projectId) {
      // With both credentials in one request the signature decides.
      const authorization = request.headers.authorization;
      return authorization === undefined
        ? checkToken(tokens, request.headers["x-auth-token"], projectId, environment.now())
        : checkSignature(troubles, authorization, request, projectId, environment.now());
    },
  };
}

function checkToken(
  tokens: ReadonlyMap<string, IssuedToken>,
  text: string | undefined,
  projectId: string | null,
  nowMs: number,
): IdentityVerdict {
  if (text === undefined || text === "") return refused("missing-token", "x-auth-token not found");
  const token = tokens.get(text);
  if (token === undefined) return refused("unknown-token", "decrypt token fail");
  if (nowMs >= token.expiresAtMs) return refused("expired-token", "token expires");
  if (projectId === null) return { kind: "accepted", projectIds: HUAWEI_PROJECTS.map(({ id }) => id) };
  if (!isOfThisRegion(token.projectId)) return refused("other-region", "The token must be updated.");
  if (token.projectId !== projectId) return refused("other-project", "the token is scoped to another project");
  return { kind: "accepted", projectIds: [projectId] };
}

function checkSignature(
  troubles: Map<string, KeyTrouble>,
  header: string,
  request: SandboxRequest,
  projectId: string | null,
  nowMs: number,
): IdentityVerdict {
  const authorization = parseAuthorization(header);
  if (authorization === null) return refused("signature", "verify aksk signature fail, unreadable authorization");
  const { accessKey } = authorization;
  const key = HUAWEI_ACCESS_KEYS.get(accessKey);
  if (key === undefined) return refused("signature", `Get secretKey failed, ak: ${accessKey}, err: ak not exist`);
  const trouble = troubles.get(accessKey);
  if (isLocked(trouble, nowMs)) return refused("locked", "AK access failed to reach the limit, forbidden");

  const verdict = verifySignature(request, authorization, key, nowMs);
  const refusal = verdict.kind === "refused" ? signatureRefusal(verdict) : projectHeaderRefusal(request, projectId);
  if (refusal !== null) {
    troubles.set(accessKey, afterFailure(trouble, nowMs));
    return refusal;
  }
  troubles.delete(accessKey);
  if (projectId === null) return { kind: "accepted", projectIds: HUAWEI_PROJECTS.map(({ id }) => id) };
  if (!isOfThisRegion(projectId)) return refused("other-project", "the key has no such project");
  return { kind: "accepted", projectIds: [projectId] };
}

/** The vendor repeats the canonical request in its text, security token included; whoever logs it has a leak. */
function signatureRefusal(verdict: { readonly reason: string; readonly canonicalRequest: string }): IdentityRefusal {
  return refused(
    "signature",
    `verify aksk signature fail, ${verdict.reason}, canonicalRequest:${verdict.canonicalRequest}`,
  );
}

function projectHeaderRefusal(request: SandboxRequest, projectId: string | null): IdentityRefusal | null {
  const sent = request.headers["x-project-id"];
  if (sent === undefined || projectId === null || sent === projectId) return null;
  return refused("signature", "verify aksk signature fail, x-project-id is not the project of the path");
}

function isLocked(trouble: KeyTrouble | undefined, nowMs: number): boolean {
  return trouble !== undefined && nowMs < trouble.lockedUntilMs;
}

/** More than five consecutive failures lock the key for five minutes; after that the count begins anew. */
function afterFailure(before: KeyTrouble | undefined, nowMs: number): KeyTrouble {
  const wasLocked = before !== undefined && before.lockedUntilMs > 0;
  const failures = wasLocked ? 1 : (before?.failures ?? 0) + 1;
  return { failures, lockedUntilMs: failures > TOLERATED_FAILURES ? nowMs + LOCK_MS : 0 };
}

function isOfThisRegion(projectId: string | null): boolean {
  return projectId !== null && HUAWEI_PROJECTS.some(({ id, region }) => id === projectId && region === HUAWEI_REGION);
}

function refused(cause: RefusalCause, message: string): IdentityRefusal {
  return { kind: "refused", cause, message };
}

function randomText(environment: SandboxEnvironment, length: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const characters = Array.from({ length }, () => alphabet[Math.floor(environment.random() * alphabet.length)]);
  return characters.join("");
}
