/** What a token request asks for, or why it cannot be read. `scope` is null for a token without project scope. */
export type TokenRequest =
  | { readonly kind: "malformed"; readonly message: string }
  | {
      readonly kind: "password";
      readonly domain: string;
      readonly user: string;
      readonly password: string;
      readonly scope: ProjectScope | null;
    };

export type ProjectScope = { readonly id: string } | { readonly name: string };

type Fields = Readonly<Record<string, unknown>>;

/** Reads the body of `POST /v3/auth/tokens`. With both a domain and a project scope the project wins. */
export function readTokenRequest(body: Buffer): TokenRequest {
  const auth = fieldsOf(fieldsOf(parseJson(body))?.auth);
  const identity = fieldsOf(auth?.identity);
  if (!isPasswordOnly(identity?.methods)) return malformed("identity.methods must be password");

  const user = fieldsOf(fieldsOf(identity?.password)?.user);
  const domain = fieldsOf(user?.domain)?.name;
  if (!isText(user?.name) || !isText(user.password) || !isText(domain)) {
    return malformed("identity.password.user needs name, password and domain.name");
  }

  const scope = readScope(fieldsOf(auth?.scope));
  if (scope === "malformed") return malformed("scope.project needs id or name");
  return { kind: "password", domain, user: user.name, password: user.password, scope };
}

function readScope(scope: Fields | null): ProjectScope | null | "malformed" {
  if (scope?.project === undefined) return null;
  const project = fieldsOf(scope.project);
  if (isText(project?.id)) return { id: project.id };
  if (isText(project?.name)) return { name: project.name };
  return "malformed";
}

function isPasswordOnly(methods: unknown): boolean {
  return Array.isArray(methods) && methods.length === 1 && methods[0] === "password";
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function malformed(message: string): TokenRequest {
  return { kind: "malformed", message };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}

function fieldsOf(value: unknown): Fields | null {
  return typeof value === "object" && value !== null ? (value as Fields) : null;
}
