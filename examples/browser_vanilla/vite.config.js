import { defineConfig } from "vite";

// While you develop, Vite serves the page and passes the rest to the application:
//   python examples/existing_fastapi/app.py
const application = { target: "http://127.0.0.1:8000", ws: true };

export default defineConfig({ server: { proxy: { "/api": application, "/login": application } } });
