// Lines of transients, their hosts, and the Earth's air. Wavelengths in air (Å), as in NIST's Atomic Spectra Database.
export const LIGHT_SPEED = 299_792.458;

// The colour tells the element, the dash the ion.
const COLOURS = {
  H: "#d6453d",
  He: "#c08400",
  C: "#7a8794",
  N: "#8f63dc",
  O: "#2f7de0",
  Na: "#a3861a",
  Mg: "#3f9a4a",
  Si: "#b0653a",
  S: "#c9589f",
  Ca: "#12959a",
  Fe: "#7d8a2e",
};
const DASHES = { I: "solid", II: "dash", III: "dot", IV: "dashdot" };

const NAMED_LINES = {
  3970.1: "Hε",
  4101.7: "Hδ",
  4340.5: "Hγ",
  4861.3: "Hβ",
  6562.8: "Hα",
};

const LINES = {
  H: [3970.1, 4101.7, 4340.5, 4861.3, 6562.8],
  "He I": [3888.6, 4471.5, 4921.9, 5015.7, 5875.6, 6678.2, 7065.2],
  "He II": [3203.1, 4685.7, 5411.5],
  "C II": [4267.1, 6578.1, 6582.9, 7231.3, 7236.4],
  "C III": [4647.4, 5695.9],
  "C IV": [5801.3, 5812.0],
  "N III": [4634.1, 4640.6],
  "[N II]": [6548.1, 6583.4],
  "O I": [7774.2, 8446.4, 9263.0],
  "[O I]": [5577.3, 6300.3, 6363.8],
  "O II": [4414.9, 4649.1],
  "[O II]": [3726.0, 3728.8],
  "[O III]": [4363.2, 4958.9, 5006.8],
  "Na I D": [5890.0, 5895.9],
  "Mg I": [5167.3, 5172.7, 5183.6],
  "Mg II": [2795.5, 2802.7, 4481.2, 7877.1, 7896.4],
  "Si II": [4128.1, 4130.9, 5041.0, 5056.0, 5957.6, 5978.9, 6347.1, 6371.4],
  "S II": [5432.8, 5453.8, 5606.1, 5640.0],
  "[S II]": [6716.4, 6730.8],
  "Ca II": [3933.7, 3968.5, 8498.0, 8542.1, 8662.1],
  "[Ca II]": [7291.5, 7323.9],
  "Fe II": [4923.9, 5018.4, 5169.0],
};

function describeIon([name, lines]) {
  const [, element, number] = /^\[?([A-Z][a-z]?)(?: (I+V?))?/.exec(name);
  return {
    name,
    colour: COLOURS[element],
    dash: DASHES[number ?? "I"],
    // Forbidden lines come from thin gas, which does not share the velocity of the ejecta.
    isForbidden: name.startsWith("["),
    lines: lines.map((wavelength) => ({ wavelength, label: NAMED_LINES[wavelength] ?? name })),
  };
}

// {name, colour, dash, isForbidden, lines: {wavelength, label}}
export const IONS = Object.entries(LINES).map(describeIon);

// Bands of oxygen and water in the Earth's air: they stay where they are at any redshift.
export const TELLURIC = "Telluric";
export const TELLURIC_BANDS = [
  [6867, 6944],
  [7160, 7340],
  [7593, 7700],
  [8130, 8350],
  [9300, 9700],
];

// The factor of wavelengths by a redshift, and by the velocity (km/s) of what comes towards us.
export function findShift(redshift, velocity = 0) {
  const beta = velocity / LIGHT_SPEED;
  return (1 + redshift) * Math.sqrt((1 - beta) / (1 + beta));
}
