/** A value of the latest render, for what happens between renders. */

import { type RefObject, useInsertionEffect, useRef } from "react";

export function useLatest<Value>(value: Value): Readonly<RefObject<Value>> {
  const latest = useRef(value);
  // Before every other effect of the same render, and never during one that is thrown away.
  useInsertionEffect(() => {
    latest.current = value;
  });
  return latest;
}
