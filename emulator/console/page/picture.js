// An image file as the few pixels that a model takes.

import { element } from "./dom.js";

const FINE = 8; // each pixel is the mean of FINE × FINE smaller ones: a browser's own scaling blurs so small an image

/** The pixels of an image file, 0 (paper) to 1 (ink), rows × columns. What its edge mostly shows is the paper. */
export async function pixelsOf(file, rows, columns) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new Error(`${file.name} is no image that this browser reads`);
  }
  const stretched = greys(picture, rows, columns, "#fff", columns, rows);
  const edge = stretched.flatMap((row, r) => row.filter((_, c) => r === 0 || c === 0 || r === rows - 1 || c === columns - 1));
  const light = mean(edge) >= 0.5;
  const scale = Math.min(columns / picture.width, rows / picture.height);
  const found = greys(picture, rows, columns, light ? "#fff" : "#000", picture.width * scale, picture.height * scale);
  return light ? found.map((row) => row.map((value) => 1 - value)) : found;
}

/** The picture, so many pixels wide and high, in the middle of the paper: 0 is black, 1 is white. */
function greys(picture, rows, columns, paper, width, height) {
  const context = element("canvas", { width: columns * FINE, height: rows * FINE }).getContext("2d", { willReadFrequently: true });
  context.scale(FINE, FINE);
  context.fillStyle = paper;
  context.fillRect(0, 0, columns, rows);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (columns - width) / 2, (rows - height) / 2, width, height);
  const grey = (r, c) => {
    const { data } = context.getImageData(c * FINE, r * FINE, FINE, FINE);
    const lights = Array.from({ length: FINE * FINE }, (_, place) => 4 * place)
      .map((place) => 0.299 * data[place] + 0.587 * data[place + 1] + 0.114 * data[place + 2]);
    return mean(lights) / 255;
  };
  return Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => grey(r, c)));
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
