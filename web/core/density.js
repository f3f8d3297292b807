// The density of samples as a step line, for plots.
const BINS = 30;

// Bins that hold all samples: {start, width}. `sampleLists` are lists of numbers.
export function chooseBins(sampleLists) {
  const values = sampleLists.flat();
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  return { start: low, width: (high - low) / BINS || 1 };
}

// The corners of the steps of a density that integrates to 1: {x, y}.
export function buildDensity(samples, { start, width }) {
  const counts = new Array(BINS).fill(0);
  for (const value of samples) counts[Math.min(BINS - 1, Math.floor((value - start) / width))] += 1;
  const corners = counts.flatMap((count, i) => {
    const height = count / (samples.length * width);
    return [
      [start + i * width, height],
      [start + (i + 1) * width, height],
    ];
  });
  return { x: corners.map(([x]) => x), y: corners.map(([, y]) => y) };
}
