import { useState } from "react";

export function Login({ onToken }) {
  const [trouble, setTrouble] = useState("");

  async function submit(event) {
    event.preventDefault();
    const response = await fetch("/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(Object.fromEntries(new FormData(event.target))),
    });
    const answer = await response.json();
    if (response.ok) onToken(answer.token);
    else setTrouble(answer.detail);
  }

  return (
    <form onSubmit={submit}>
      <label>
        Name <input name="name" defaultValue="ann" />
      </label>
      <label>
        Password <input name="password" type="password" defaultValue="wonderland" />
      </label>
      <button>Log in</button>
      <p role="alert">{trouble}</p>
    </form>
  );
}
