import type { SandboxRequest } from "../upstream.ts";

/** Longest application code and secret that the gateway takes. */
const MAX_APP_CODE_LENGTH = 32;
const MAX_APP_SECRET_LENGTH = 128;

interface Application {
  readonly secret: string;
  /** May name a user without proof. */
  readonly isExempt: boolean;
  /** May call the resource. */
  readonly isPermitted: boolean;
}

export const SOPS_APPLICATIONS = {
  "sandbox-ops": { secret: "sandbox-bk-sops-secret", isExempt: true, isPermitted: true },
  "sandbox-plain": { secret: "sandbox-bk-plain-secret", isExempt: false, isPermitted: true },
  "sandbox-stranger": { secret: "sandbox-bk-stranger-secret", isExempt: true, isPermitted: false },
} as const satisfies Readonly<Record<string, Application>>;

export const SOPS_BK_TOKEN = "sandbox-bk-token";
export const SOPS_ACCESS_TOKEN = "sandbox-bk-access-token";

/** User by proof of identity. */
const USER_BY_BK_TOKEN: Readonly<Record<string, string>> = { [SOPS_BK_TOKEN]: "operator" };
const USER_BY_ACCESS_TOKEN: Readonly<Record<string, string>> = { [SOPS_ACCESS_TOKEN]: "operator" };

export const CREDENTIAL_KEYS = ["bk_app_code", "bk_app_secret", "bk_token", "access_token", "bk_username"];

export type AccessProblem = "not-json" | "application" | "user" | "permission";

export interface Access {
  readonly username: string;
}

/**
 * Who calls. With the header present, body and query are not looked at; without it they do if `legacy` is given.
 * Values that are no text count as absent.
 */
export function checkHeaderAccess(
  request: SandboxRequest,
  legacy: Readonly<Record<string, unknown>> | null,
): Access | AccessProblem {
  const header = request.headers["x-bkapi-authorization"];
  if (header === undefined) return legacy === null ? "application" : checkAccess(legacy);
  try {
    const credentials: unknown = JSON.parse(header);
    if (typeof credentials !== "object" || credentials === null) return "not-json";
    return checkAccess(credentials as Record<string, unknown>);
  } catch {
    return "not-json";
  }
}

/** Application first, then the user, then the application's permission for the resource. */
export function checkAccess(credentials: Readonly<Record<string, unknown>>): Access | AccessProblem {
  const application = applicationOf(credentials);
  if (application === null) return "application";
  const username = userOf(credentials, application);
  if (username === null) return "user";
  return application.isPermitted ? { username } : "permission";
}

function applicationOf(credentials: Readonly<Record<string, unknown>>): Application | null {
  const { bk_app_code: code, bk_app_secret: secret } = credentials;
  if (typeof code !== "string" || code.length > MAX_APP_CODE_LENGTH) return null;
  if (typeof secret !== "string" || secret.length > MAX_APP_SECRET_LENGTH) return null;
  const applications: Readonly<Record<string, Application>> = SOPS_APPLICATIONS;
  const application = Object.hasOwn(applications, code) ? applications[code] : undefined;
  return application !== undefined && application.secret === secret ? application : null;
}

function userOf(credentials: Readonly<Record<string, unknown>>, application: Application): string | null {
  const { bk_token: bkToken, access_token: accessToken, bk_username: username } = credentials;
  if (typeof bkToken === "string") return lookUp(USER_BY_BK_TOKEN, bkToken);
  if (typeof accessToken === "string") return lookUp(USER_BY_ACCESS_TOKEN, accessToken);
  return typeof username === "string" && username !== "" && application.isExempt ? username : null;
}

function lookUp(users: Readonly<Record<string, string>>, proof: string): string | null {
  return Object.hasOwn(users, proof) ? (users[proof] ?? null) : null;
}
