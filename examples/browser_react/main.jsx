// A page in React, on the application in examples/existing_fastapi.

import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { Chat } from "./Chat.jsx";
import { Login } from "./Login.jsx";

function Page() {
  const [token, setToken] = useState(null);
  return token === null ? <Login onToken={setToken} /> : <Chat token={token} />;
}

createRoot(document.getElementById("page")).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
