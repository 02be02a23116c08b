// An image of a few pixels to draw on, with a pointer or with keys, or to take from a file. Values are from 0 (paper) to 1
// (ink).

import { element } from "./dom.js";
import { pixelsOf } from "./picture.js";

const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** A drawing of rows × columns; `changed` is called after each stroke, `failed` with what is wrong with a file. */
export class Drawing {
  constructor(name, rows, columns, changed, failed) {
    [this.rows, this.columns, this.changed, this.failed] = [rows, columns, changed, failed];
    this.pixels = blank(rows, columns);
    this.cursor = [Math.floor(rows / 2), Math.floor(columns / 2)];
    const hint = `drawing-${name}-hint`;
    this.canvas = element("canvas", {
      width: columns, height: rows, tabindex: "0", role: "application", "aria-roledescription": "drawing",
      "aria-label": `${name}, ${rows} by ${columns} pixels`, "aria-describedby": hint,
    });
    const clear = element("button", { type: "button" }, "Clear");
    clear.addEventListener("click", () => {
      this.file.value = "";
      this.show(blank(rows, columns), true);
    });
    const text = "Draw with a pointer; or move with the arrow keys, draw with the space bar, erase with Delete.";
    this.file = element("input", { type: "file", accept: "image/*" });
    this.said = element("p", { class: "unseen", role: "status" });
    this.node = element("div", { class: "wide" }, this.canvas, this.said,
      element("p", { class: "note", id: hint }, text), element("div", { class: "tools" }, clear),
      element("label", {}, "Or choose an image ", this.file));
    this.listen();
    this.paint();
  }

  /** Shows other pixels; those of another size are not shown. */
  show(pixels, tell = false) {
    if (!sized(pixels, this.rows) || !pixels.every((row) => sized(row, this.columns))) return;
    this.pixels = pixels.map((row) => row.map((value) => Math.min(1, Math.max(0, Number(value) || 0))));
    this.paint();
    if (tell) this.changed();
  }

  listen() {
    const draw = (event) => {
      if (!(event.buttons & 1)) return;
      const box = this.canvas.getBoundingClientRect();
      this.dab(((event.clientY - box.top) / box.height) * this.rows, ((event.clientX - box.left) / box.width) * this.columns);
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      draw(event);
    });
    this.canvas.addEventListener("pointermove", draw);
    for (const kind of ["focus", "blur"]) this.canvas.addEventListener(kind, () => this.paint());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.file.addEventListener("click", () => { this.file.value = ""; }); // the same file may be chosen again
    this.file.addEventListener("change", () => this.take().catch(this.failed));
  }

  async take() {
    const [file] = this.file.files;
    if (file) this.show(await pixelsOf(file, this.rows, this.columns), true);
  }

  key(event) {
    const step = KEYS[event.key];
    const [row, column] = this.cursor;
    if (step) this.cursor = [within(row + step[0], this.rows), within(column + step[1], this.columns)];
    else if (event.key === " ") this.dab(row + 0.5, column + 0.5);
    else if (event.key === "Delete" || event.key === "Backspace") this.dab(row + 0.5, column + 0.5, -1);
    else return;
    event.preventDefault();
    this.paint();
    const [r, c] = this.cursor;
    this.said.textContent = `row ${r + 1}, column ${c + 1}: ink ${this.pixels[r][c].toFixed(2)}`;
  }

  /** Adds ink around a place, softer at the brush's edge. */
  dab(row, column, ink = 1) {
    const radius = Math.max(1, this.rows / 16);
    this.pixels = this.pixels.map((line, r) => line.map((value, c) => {
      const distance = Math.hypot(r + 0.5 - row, c + 0.5 - column);
      const added = Math.max(0, Math.min(1, radius + 0.5 - distance)) * ink;
      return Math.min(1, Math.max(0, value + added));
    }));
    this.paint();
    this.changed();
  }

  paint() {
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(this.columns, this.rows);
    this.pixels.flat().forEach((value, place) => {
      image.data.set([255 - 255 * value, 255 - 255 * value, 255 - 255 * value, 255], 4 * place);
    });
    if (document.activeElement === this.canvas) {
      const [row, column] = this.cursor;
      image.data.set([200, 40, 30, 255], 4 * (row * this.columns + column));
    }
    context.putImageData(image, 0, 0);
  }
}

const blank = (rows, columns) => Array.from({ length: rows }, () => Array(columns).fill(0));
const sized = (value, size) => Array.isArray(value) && value.length === size;
const within = (value, size) => Math.min(size - 1, Math.max(0, value));
