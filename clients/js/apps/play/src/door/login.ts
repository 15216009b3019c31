/** The game's own login; the server answers with a cookie that no script can read. */

export interface Player {
  readonly id: string;
  readonly name: string;
}

export type Way = "guest" | "login" | "register";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Who is signed in; `null` for nobody. */
export async function whoAmI(): Promise<Player | null> {
  const response = await fetch("/auth/me");
  if (!response.ok) return null;
  const { id, username } = (await response.json()) as { id: string; username: string };
  return { id, name: username };
}

/**
 * Sign in.
 *
 * @throws Error with a sentence for the player
 */
export async function enter(way: Way, credentials: Partial<Credentials> = {}): Promise<Player> {
  let response: Response;
  try {
    response = await fetch(`/auth/${way}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(credentials),
    });
  } catch {
    throw new Error("The town does not answer. Try again in a moment.");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error?.message ?? answer.detail ?? response.statusText);
  return { id: answer.user_id, name: answer.character_name };
}

/**
 * Sign out; a reload shows the door again.
 *
 * @param here whether only this browser is to forget the player, who plays on elsewhere
 */
export async function leave(here: boolean): Promise<void> {
  const path = here ? "/auth/logout?session=keep" : "/auth/logout";
  await fetch(path, { method: "POST" }).catch(() => {});
}
