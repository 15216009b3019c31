/** Who is in the room. */

interface Props {
  readonly names: readonly string[];
  readonly me: string | null;
  /** Begin to speak to somebody. */
  readonly onTell: (name: string) => void;
  readonly onWho: () => void;
}

export function Here({ names, me, onTell, onWho }: Props) {
  const others = names.filter((name) => name !== me);
  return (
    <section className="section here" aria-labelledby="here-title">
      <h2 id="here-title">
        Here with you{others.length > 0 && <span className="number"> {others.length}</span>}
      </h2>
      {others.length === 0 ? (
        <p className="nobody">Nobody. You hear your own breath.</p>
      ) : (
        <ul>
          {others.map((name) => (
            <li key={name}>
              <button type="button" className="person" onClick={() => onTell(name)}>
                {name}
                <span className="unseen">, speak to them</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <button type="button" className="quiet who-else" onClick={onWho}>
        Who else is awake?
      </button>
    </section>
  );
}
