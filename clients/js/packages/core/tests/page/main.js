import { createConnection } from "../../src/index.js";

createConnection({ token: "token" }).connect();
