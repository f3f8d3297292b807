// A service's `optional_analysis_parameters` as fields of a form, and the form as a request.
const SWITCH = new Set(["true", "false"]);

// Each as {name, kind: "switch" | "list" | "number" | "file" | "text", label, hint, value, required, choices}.
export function fieldsOf(service) {
  const given = service.optional_analysis_parameters ?? {};
  const parameters = typeof given === "string" ? JSON.parse(given || "{}") : given;
  return Object.entries(parameters).map(([name, said]) =>
    Array.isArray(said) ? listed(name, said) : declared(name, said),
  );
}

function listed(name, values) {
  const words = values.map(String);
  const isSwitch = words.length === 2 && words.every((word) => SWITCH.has(word.toLowerCase()));
  return {
    name,
    label: name,
    kind: isSwitch ? "switch" : "list",
    choices: words,
    value: words[0] ?? "",
    required: false,
  };
}

function declared(name, said) {
  const kind = said.type === "number" || said.type === "file" ? said.type : "text";
  const value = kind === "file" ? null : String(said.default ?? "");
  return { name, label: said.title ?? name, hint: said.description, kind, value, required: Boolean(said.required) };
}

// What was chosen and differs from nothing: blanks are left to the service.
export function chosen(fields, values) {
  const kept = fields
    .map((field) => [field, values[field.name]])
    .filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return Object.fromEntries(
    kept.map(([field, value]) => [
      field.name,
      field.kind === "file" ? value.url : field.kind === "number" ? Number(value) : value,
    ]),
  );
}
