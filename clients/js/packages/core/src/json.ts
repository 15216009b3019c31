/** Any JSON value. */
export type JSONValue =
  | string
  | number
  | boolean
  | null
  | readonly JSONValue[]
  | { readonly [key: string]: JSONValue };

/** A JSON object. */
export type JSONObject = { readonly [key: string]: JSONValue };

/** Whether a value that was read from JSON text is an object. */
export function isObject(value: unknown): value is JSONObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Read one JSON object; `null` if the text is anything else. */
export function readObject(text: string): JSONObject | null {
  const value = attempt((): unknown => JSON.parse(text));
  return isObject(value) ? value : null;
}

/** Do it; `null` if that throws. */
export function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
