/** What has come, and what nobody noticed. */

import type { ClientConnection } from "./connection.js";
import type { ConnectionType, Delivered, Item } from "./types.js";

/** Counts for the snapshot. */
export class Tally {
  readonly rooms = new Set<string>();
  lastEvent: Delivered | null = null;
  /** Of connections that are out: whether their twin has been open ever since. */
  readonly #hidden = new Map<ConnectionType, boolean>();
  #outagesHidden = 0;

  item(item: Item): void {
    if (item.type === "delivered") this.lastEvent = item;
    else if (item.type === "entered") this.rooms.add(item.room);
    else if (item.type === "left") this.rooms.delete(item.room);
  }

  /**
   * A connection's state is another one now.
   *
   * @returns the outage that ended, if one did
   */
  connection({ id, isOpen, state, twin, type }: ClientConnection): "hidden" | "noticed" | null {
    const hidden = this.#hidden.get(type);
    if (isOpen) {
      this.#hidden.delete(type);
      if (hidden === undefined) return null;
      if (hidden) this.#outagesHidden += 1;
      return hidden ? "hidden" : "noticed";
    }
    if (state === "closed" && id !== null && hidden === undefined) {
      this.#hidden.set(type, twin.isOpen);
      if (!twin.isOpen && this.#hidden.has(twin.type)) this.#hidden.set(twin.type, false);
    }
    return null;
  }

  /** Nobody wants the connections any more: that is no outage. */
  stopped(): void {
    this.#hidden.clear();
  }

  get outagesHidden(): number {
    return this.#outagesHidden;
  }
}
