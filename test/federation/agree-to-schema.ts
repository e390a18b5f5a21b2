import { writeFileSync } from "node:fs";
import { agreedSchemaFile, printApiSchema } from "./api-schema.ts";

// Run on purpose, when the public schema was changed on purpose.
writeFileSync(agreedSchemaFile, printApiSchema());
