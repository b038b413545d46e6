// Writes the dashboards to a folder: node write.mjs FOLDER
import { writeFileSync } from "node:fs";
import { fleet, node } from "./out/dashboards.js";

for (const d of [fleet, node]) writeFileSync(`${process.argv[2]}/${d.uid}.json`, JSON.stringify(d, null, 1) + "\n");
