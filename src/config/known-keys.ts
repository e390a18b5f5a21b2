import { distance } from "fastest-levenshtein";
import { z } from "zod";

/** The keys that a schema knows at a path; empty where it takes any key. */
export function knownKeysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  return objectsAt(schema, path).flatMap((object) => Object.keys(object.shape));
}

/** The known key that somebody probably meant, in whatever letters; undefined when none is near. */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  const distanceTo = (other: string): number => distance(key.toLowerCase(), other.toLowerCase());
  const nearest = known.toSorted((left, right) => distanceTo(left) - distanceTo(right))[0];
  return nearest !== undefined && distanceTo(nearest) <= Math.max(2, key.length / 3) ? nearest : undefined;
}

function objectsAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.ZodObject[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => objectsAt(option, path));
  if (schema instanceof z.ZodRecord) return path.length === 0 ? [] : objectsAt(schema.valueType, path.slice(1));
  if (schema instanceof z.ZodArray) return path.length === 0 ? [] : objectsAt(schema.element, path.slice(1));
  if (schema instanceof z.ZodPipe) return objectsAt(schema.in, path);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return objectsAt(schema.unwrap(), path);
  }
  if (!(schema instanceof z.ZodObject)) return [];
  const [key, ...rest] = path;
  if (key === undefined) return [schema];
  const inner = schema.shape[String(key)];
  return inner ? objectsAt(inner, rest) : [];
}
