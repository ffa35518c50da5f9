// Draws cards for website/cards.py: an SVG as a line of JSON in, a PNG as base64 out.
import { Resvg } from "@resvg/resvg-js";
import { createInterface } from "node:readline";

// Pixels of a heat map stay squares (imageRendering: 1).
const font = { fontFiles: process.argv.slice(2), loadSystemFonts: false };
for await (const line of createInterface({ input: process.stdin })) {
  const png = new Resvg(JSON.parse(line), { font, imageRendering: 1 }).render().asPng();
  process.stdout.write(png.toString("base64") + "\n");
}
