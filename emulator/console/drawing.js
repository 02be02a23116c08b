// An image of a few pixels to draw on, with a pointer or with keys. Values are from 0 (paper) to 1 (ink).

import { element } from "./dom.js";

const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** A drawing of rows × columns; `changed` is called after each stroke. */
export class Drawing {
  constructor(name, rows, columns, changed) {
    [this.rows, this.columns, this.changed] = [rows, columns, changed];
    this.pixels = blank(rows, columns);
    this.cursor = [Math.floor(rows / 2), Math.floor(columns / 2)];
    const hint = `drawing-${name}-hint`;
    this.canvas = element("canvas", {
      width: columns, height: rows, tabindex: "0", role: "application", "aria-roledescription": "drawing",
      "aria-label": `${name}, ${rows} by ${columns} pixels`, "aria-describedby": hint,
    });
    const clear = element("button", { type: "button" }, "Clear");
    clear.addEventListener("click", () => this.show(blank(rows, columns), true));
    const text = "Draw with a pointer; or move with the arrow keys, draw with the space bar, erase with Delete.";
    this.node = element("div", { class: "wide" }, this.canvas,
      element("p", { class: "note", id: hint }, text), element("div", { class: "tools" }, clear));
    this.listen();
    this.paint();
  }

  /** Shows other pixels. */
  show(pixels, tell = false) {
    this.pixels = pixels.map((row) => row.map((value) => Math.min(1, Math.max(0, Number(value) || 0))));
    this.paint();
    if (tell) this.changed();
  }

  listen() {
    const draw = (event) => {
      if (!event.buttons) return;
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
const within = (value, size) => Math.min(size - 1, Math.max(0, value));
