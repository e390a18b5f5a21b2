import { z } from "zod";
import { type AccountOptions, baseUrl, commonAccountShape, secretText } from "../shared/account-options.ts";
import type { Secret } from "../shared/secret.ts";

/** What an account of every Huawei Cloud service says: one project of one region. */
export interface HuaweiAccount extends AccountOptions {
  readonly projectId: string;
  readonly auth: HuaweiAuthOptions;
}

/** The three ways in. */
export type HuaweiAuthOptions = AccessKeyOptions | PasswordOptions | FixedTokenOptions;

export interface AccessKeyOptions {
  readonly kind: "access-key";
  readonly accessKey: string;
  readonly secretKey: Secret;
  /** Goes with a temporary key, which whoever issued it renews. */
  readonly securityToken: Secret | null;
}

export interface PasswordOptions {
  readonly kind: "password";
  readonly iamUrl: string;
  /** The account that the user belongs to. */
  readonly domain: string;
  readonly user: string;
  readonly password: Secret;
}

export interface FixedTokenOptions {
  readonly kind: "token";
  readonly token: Secret;
}

/** One flat object, so that an unknown key is reported by its own path whichever way in is meant. */
const authKeys = z.strictObject({
  accessKey: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .optional(),
  secretKey: secretText.optional(),
  securityToken: secretText.optional(),
  iamUrl: baseUrl.optional(),
  domain: z.string().min(1).optional(),
  user: z.string().min(1).optional(),
  password: secretText.optional(),
  token: secretText.optional(),
});

type AuthKeys = z.infer<typeof authKeys>;

const ways: readonly {
  readonly required: readonly (keyof AuthKeys)[];
  readonly optional: readonly (keyof AuthKeys)[];
}[] = [
  { required: ["accessKey", "secretKey"], optional: ["securityToken"] },
  { required: ["iamUrl", "domain", "user", "password"], optional: [] },
  { required: ["token"], optional: [] },
];

const authOptions = authKeys.transform((keys, context): HuaweiAuthOptions => {
  const begun = ways.filter(({ required, optional }) => [...required, ...optional].some((key) => key in keys));
  const [way] = begun;
  if (begun.length !== 1 || !way) {
    context.addIssue(
      "needs exactly one of: accessKey and secretKey (and securityToken); iamUrl, domain, user and password; token",
    );
    return z.NEVER;
  }
  for (const key of way.required) {
    if (!(key in keys))
      context.addIssue({ code: "custom", path: [key], message: `is missing beside ${presentKeys(keys)}` });
  }
  return optionsOf(keys) ?? z.NEVER;
});

function presentKeys(keys: AuthKeys): string {
  return Object.keys(keys).join(", ");
}

function optionsOf(keys: AuthKeys): HuaweiAuthOptions | null {
  const { accessKey, secretKey, securityToken, iamUrl, domain, user, password, token } = keys;
  if (accessKey && secretKey) return { kind: "access-key", accessKey, secretKey, securityToken: securityToken ?? null };
  if (iamUrl && domain && user && password) return { kind: "password", iamUrl, domain, user, password };
  return token ? { kind: "token", token } : null;
}

/** Keys that every Huawei Cloud provider's account schema begins with. */
export const huaweiAccountShape = {
  ...commonAccountShape,
  projectId: z.string().regex(/^[0-9A-Za-z]{1,64}$/),
  auth: authOptions,
};
