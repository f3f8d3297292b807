// Which class of a taxonomy a fitter means.
const MOST_CLASSES = 2000;

// What fitters call their classes -> what it is called without a taxonomy, and in taxonomies, as `simplify` returns it.
const KNOWN_CLASSES = {
  Ia: ["Ia", "ia"],
  II: ["II", "ii"],
  stripped: ["stripped-envelope SN", "strippedenvelope", "sesn", "ibc"],
  galaxy: ["galaxy", "galaxy"],
  star: ["star", "star"],
};

// No type of object: what is unlike all models, and what has no name.
const NO_CLASSES = new Set(["none of these", "other", "blue"]);

export const isTakable = (name) => !NO_CLASSES.has(name);

export const nameClass = (name) => (Object.hasOwn(KNOWN_CLASSES, name) ? KNOWN_CLASSES[name][0] : name);

// "Type II", "SN II" and "II" are one class.
const simplify = (name) =>
  name
    .toLowerCase()
    .replace(/\b(sn|supernovae?|type)\b/g, "")
    .replace(/[^a-z0-9]/g, "");

// The classes of the latest taxonomies, as {key, taxonomyId, taxonomy, name}.
export function listClasses(taxonomies) {
  const classes = [];
  const visit = (node, { id, name, version }) => {
    if (classes.length >= MOST_CLASSES || typeof node?.class !== "string") return;
    classes.push({ key: `${id}:${node.class}`, taxonomyId: id, taxonomy: `${name} ${version}`, name: node.class });
    for (const subclass of node.subclasses ?? []) visit(subclass, { id, name, version });
  };
  for (const taxonomy of taxonomies) if (taxonomy.isLatest) visit(taxonomy.hierarchy, taxonomy);
  return classes;
}

// The class of a taxonomy that a fitter's class is; undefined if there is none.
export function matchClass(name, classes) {
  const [, ...aliases] = Object.hasOwn(KNOWN_CLASSES, name) ? KNOWN_CLASSES[name] : [name, simplify(name)];
  for (const alias of aliases) {
    const match = classes.find((entry) => simplify(entry.name) === alias);
    if (match) return match;
  }
  return undefined;
}
