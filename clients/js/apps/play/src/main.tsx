import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.js";
import "./styles/fonts.css";
import "./styles/ground.css";
import "./styles/door.css";
import "./styles/game.css";
import "./styles/side.css";

const page = document.getElementById("page");
if (page !== null) {
  createRoot(page).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
