/** What has come, and what nobody noticed. */

import type { ClientConnection } from "./client_connection.js";
import type { ConnectionType, Delivered, Item } from "./types.js";

/** What {@link createTally} makes. */
export type Tally = ReturnType<typeof createTally>;

/** Counts for the snapshot. */
export function createTally() {
  /** Of connections that are out: whether their twin has been open ever since. */
  const out = new Map<ConnectionType, boolean>();
  return {
    rooms: new Set<string>(),
    lastEvent: null as Delivered | null,
    outagesHidden: 0,

    item(item: Item): void {
      if (item.type === "delivered") this.lastEvent = item;
      else if (item.type === "entered") this.rooms.add(item.room);
      else if (item.type === "left") this.rooms.delete(item.room);
    },

    /**
     * A connection's state is another one now.
     *
     * @returns of an outage that ended, whether the player noticed it; else `null`
     */
    connection({ id, isOpen, state, twin, type }: ClientConnection): boolean | null {
      const hidden = out.get(type);
      if (isOpen) {
        out.delete(type);
        if (hidden === undefined) return null;
        if (hidden) this.outagesHidden += 1;
        return !hidden;
      }
      if (state === "closed" && id !== null && hidden === undefined) {
        out.set(type, twin.isOpen);
        if (!twin.isOpen && out.has(twin.type)) out.set(twin.type, false);
      }
      return null;
    },

    /** Nobody wants the connections any more: that is no outage. */
    stopped(): void {
      out.clear();
    },
  };
}
