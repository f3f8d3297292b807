// The density of samples as a step line, for plots.
const BINS = 30;

// Bins that hold all samples: {start, width}. `sampleLists` are lists of numbers.
export function chooseBins(sampleLists) {
  const values = sampleLists.flat();
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  // Halves, as the difference of numbers near the largest is infinite.
  return { start: low, width: (high / BINS - low / BINS) || 1 };
}

// The corners of the steps of a density that integrates to 1: {x, y}.
export function buildDensity(samples, { start, width }) {
  // Halves here, too.
  const getEdge = (i) => 2 * (start / 2 + i * (width / 2));
  const counts = new Array(BINS).fill(0);
  for (const value of samples) counts[Math.min(BINS - 1, Math.floor((value - start) / width))] += 1;
  const corners = counts.flatMap((count, i) => {
    const height = count / (samples.length * width);
    return [
      [getEdge(i), height],
      [getEdge(i + 1), height],
    ];
  });
  return { x: corners.map(([x]) => x), y: corners.map(([, y]) => y) };
}
