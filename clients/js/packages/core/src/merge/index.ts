/**
 * The receiver: many connections in, each event once and in order out.
 * The mirror of `dualwire.core.merge`, proved by the same golden traces (`spec/vectors`).
 */

export type { MergedEvent, MergeItem, MergeStatistics, Moved, Replied } from "./items.js";
export { createMerge, type Merge, type MergeSettings } from "./receiver.js";
