// Labels of lines in a plot, in rows so that none touches another.
const LETTER_WIDTH = 7;

// Pixels.
export const LABEL_HEIGHT = 18;

export const measureLabel = (label) => LETTER_WIDTH * label.length;

// Give each mark {label, …} a row so that its label touches none in its row. Returns them from left to right.
export function stackLabels(marks, getPixel) {
  const ends = [];
  const sorted = marks.map((mark) => ({ ...mark, pixel: getPixel(mark) })).sort((a, b) => a.pixel - b.pixel);
  return sorted.map((mark) => {
    const width = measureLabel(mark.label);
    let row = ends.findIndex((end) => end <= mark.pixel - width / 2);
    if (row < 0) row = ends.length;
    ends[row] = mark.pixel + width / 2;
    return { ...mark, row };
  });
}
