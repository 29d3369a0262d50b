/**
 * The few letters that crowds are labelled with, drawn once into a picture that the graphics card takes them from.
 */

const FAMILY = "system-ui, sans-serif";
/** Empty pixels around a letter, so that none reaches into its neighbour. */
const GAP_PX = 2;

/**
 * @typedef {object} Letter
 * @property {number} left in the picture, pixels
 * @property {number} width pixels
 * @property {number} advance to the next letter, pixels
 */

/**
 * @typedef {object} Row letters of one size
 * @property {number} top in the picture, pixels
 * @property {number} height pixels
 * @property {number} middle of its figures, pixels below its top
 * @property {Map<string, Letter>} letters
 */

/**
 * @param {Array<{letters: string, px: number, weight: number}>} rows sizes in device pixels
 * @returns {{canvas: HTMLCanvasElement, rows: Row[]}} only how much a pixel is covered counts
 */
export function letterPicture(rows) {
  const canvas = document.createElement("canvas");
  const ink = canvas.getContext("2d");
  const measured = rows.map(({ letters, px, weight }) => {
    ink.font = `${weight} ${px}px ${FAMILY}`;
    const widths = [...letters].map((letter) => ink.measureText(letter).width);
    return { letters: [...letters], font: ink.font, widths, height: Math.ceil(px * 1.5), rise: ink.measureText("0").actualBoundingBoxAscent };
  });
  canvas.width = Math.max(...measured.map(({ widths }) => widths.reduce((sum, width) => sum + Math.ceil(width) + 2 * GAP_PX, 0)));
  canvas.height = measured.reduce((sum, { height }) => sum + height, 0);
  let top = 0;
  const made = measured.map(({ letters, font, widths, height, rise }) => {
    ink.font = font; // anew: another size of the canvas takes it away
    ink.fillStyle = "#fff";
    const baseline = Math.round((height + rise) / 2);
    let left = 0;
    const row = { top, height, middle: baseline - rise / 2, letters: new Map() };
    for (const [at, letter] of letters.entries()) {
      ink.fillText(letter, left + GAP_PX, top + baseline);
      const width = Math.ceil(widths[at]) + 2 * GAP_PX;
      row.letters.set(letter, { left, width, advance: widths[at] });
      left += width;
    }
    top += height;
    return row;
  });
  return { canvas, rows: made };
}

/**
 * Where the letters of a word lie, around its middle.
 * @param {Row} row
 * @param {string} word of letters that the row has
 * @returns {Array<{letter: Letter, x: number, y: number}>} middle of each letter's cell, pixels right of and below the word's
 */
export function spelled(row, word) {
  const letters = [...word].map((letter) => row.letters.get(letter));
  let pen = -letters.reduce((sum, { advance }) => sum + advance, 0) / 2;
  return letters.map((letter) => {
    const x = pen - GAP_PX + letter.width / 2;
    pen += letter.advance;
    return { letter, x, y: row.height / 2 - row.middle };
  });
}
