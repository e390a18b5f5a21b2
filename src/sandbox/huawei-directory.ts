import type { AccessKey } from "./huawei-signature.ts";

/** A project as IAM lists it. A subproject has its own id and a name that begins with its region's. */
export interface HuaweiProject {
  readonly id: string;
  readonly name: string;
  readonly region: string;
}

/** Who exists in the emulated cloud. Everything here is made up, except that the first project is the documents' own. */
export const HUAWEI_REGION = "cn-north-4";

export const MAIN_PROJECT: HuaweiProject = {
  id: "054ba152d480d55b2f5dc0069e7ddef0",
  name: HUAWEI_REGION,
  region: HUAWEI_REGION,
};

export const SUB_PROJECT: HuaweiProject = {
  id: "7c1f09a36be04d2c8f52d1e0b3a94c66",
  name: `${HUAWEI_REGION}_analytics`,
  region: HUAWEI_REGION,
};

export const FOREIGN_REGION_PROJECT: HuaweiProject = {
  id: "b8e6a1d94f7340c2a05e93c17d2f4b10",
  name: "eu-west-101",
  region: "eu-west-101",
};

export const HUAWEI_PROJECTS: readonly HuaweiProject[] = [MAIN_PROJECT, SUB_PROJECT, FOREIGN_REGION_PROJECT];

export const HUAWEI_DOMAIN = { id: "d78cbac186b744899480f25bd022f468", name: "sandbox-domain" };

export const HUAWEI_USER = {
  id: "7116d09f88fa41908676fdd4b039e95b",
  name: "task-reader",
  password: "sandbox-iam-password-3Qm9fWxT7uLzR2vKpE8s",
};

export const SPARK_ACCESS_KEY = "SANDBOXAKSPARK000001";
export const REPLICATION_ACCESS_KEY = "SANDBOXAKREPLIC00001";
export const TEMPORARY_ACCESS_KEY = "SANDBOXAKTEMPOR00001";

export const HUAWEI_ACCESS_KEYS: ReadonlyMap<string, AccessKey> = new Map([
  [SPARK_ACCESS_KEY, { secretKey: "sandbox-sk-spark-Hq4Zt8yWn1Xc6Vb3Km9Ls2Pd7Rf" }],
  [REPLICATION_ACCESS_KEY, { secretKey: "sandbox-sk-replication-Ju5Gx0oQe8Ta4Nw7Bi1Yk6" }],
  [
    TEMPORARY_ACCESS_KEY,
    {
      secretKey: "sandbox-sk-temporary-Dv3Sm9hCz7Lp2Wr5Ft8Ea1Qn",
      securityToken: "sandbox-security-token-Kx6Pb1tUo9Yf4Jg8Zi2Mw7Vc3",
    },
  ],
]);

/** The `auth` of an account that fetches IAM tokens. */
export function passwordAuth(iamUrl: string): Readonly<Record<string, string>> {
  return { iamUrl, domain: HUAWEI_DOMAIN.name, user: HUAWEI_USER.name, password: HUAWEI_USER.password };
}

/** The `auth` of an account that signs its requests with a permanent key. */
export function signingAuth(accessKey: string): Readonly<Record<string, string>> {
  return { accessKey, secretKey: HUAWEI_ACCESS_KEYS.get(accessKey)?.secretKey ?? "" };
}
