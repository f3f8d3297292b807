// Fit a Fourier series to a folded light curve.

// Weighted least squares. `rows` are [phase, magnitude, error]. Returns 201 pairs of phase (0 to 2) and magnitude,
// or null if there are too few rows.
export function fitFourierSeries(rows, nterms) {
  const size = 2 * nterms + 1;
  if (rows.length < size + 2) return null;
  const matrix = Array.from({ length: size }, () => new Array(size + 1).fill(0));
  for (const [phase, magnitude, error] of rows) {
    const weight = 1 / error ** 2;
    const terms = evaluateTerms(phase, nterms);
    for (let i = 0; i < size; i += 1) {
      for (let j = 0; j < size; j += 1) matrix[i][j] += weight * terms[i] * terms[j];
      matrix[i][size] += weight * terms[i] * magnitude;
    }
  }
  const coefficients = solveLinearSystem(matrix);
  if (!coefficients) return null;
  return Array.from({ length: 201 }, (_, i) => {
    const terms = evaluateTerms(i / 100, nterms);
    return [i / 100, terms.reduce((sum, term, j) => sum + term * coefficients[j], 0)];
  });
}

function evaluateTerms(phase, nterms) {
  const terms = [1];
  for (let k = 1; k <= nterms; k += 1) terms.push(Math.cos(2 * Math.PI * k * phase), Math.sin(2 * Math.PI * k * phase));
  return terms;
}

// Gauss-Jordan elimination with pivoting of an augmented matrix. Returns null if the matrix is singular.
function solveLinearSystem(matrix) {
  const size = matrix.length;
  for (let i = 0; i < size; i += 1) {
    let pivot = i;
    for (let j = i + 1; j < size; j += 1) if (Math.abs(matrix[j][i]) > Math.abs(matrix[pivot][i])) pivot = j;
    if (Math.abs(matrix[pivot][i]) < 1e-9 * Math.abs(matrix[0][0])) return null;
    [matrix[i], matrix[pivot]] = [matrix[pivot], matrix[i]];
    for (let j = 0; j < size; j += 1) {
      if (j === i) continue;
      const factor = matrix[j][i] / matrix[i][i];
      for (let k = i; k <= size; k += 1) matrix[j][k] -= factor * matrix[i][k];
    }
  }
  return matrix.map((row, i) => row[size] / row[i]);
}
