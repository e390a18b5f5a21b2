import { bkSops } from "./bk-sops/index.ts";
import { eiotclub } from "./eiotclub/index.ts";
import { feishuContact } from "./feishu-contact/index.ts";
import { huaweiDli } from "./huawei-dli/index.ts";
import { huaweiDrs } from "./huawei-drs/index.ts";
import type { Provider } from "./provider.ts";

/** Every provider of the service: one line each. */
const all: readonly Provider[] = [eiotclub, huaweiDli, feishuContact, bkSops, huaweiDrs];

/** By the id that the configuration names them with. */
export const providers: ReadonlyMap<string, Provider> = new Map(all.map((provider) => [provider.id, provider]));
