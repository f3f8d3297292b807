// A service's `optional_analysis_parameters` as form fields, and their values as `analysis_parameters` of a request.
import { isBlank } from "./query_string.js";

const SECRET_NAME = /(api_key|apikey|password|secret|token)$/i;
const TRUE_WORDS = new Set(["true", "t", "1", "yes"]);

// Returns a list of {name, kind: "switch" | "list" | "number" | "file" | "password" | "text", label, hint, value, required, choices}.
export function buildParameterFields(service) {
  const declaration = service.optional_analysis_parameters ?? {};
  const parameters = typeof declaration === "string" ? JSON.parse(declaration || "{}") : declaration;
  return Object.entries(parameters).map(([name, parameter]) =>
    Array.isArray(parameter) ? buildChoiceField(name, parameter) : buildTypedField(name, parameter),
  );
}

function buildChoiceField(name, values) {
  const choices = values.map(String);
  const isSwitch = choices.length === 2 && choices.every((choice) => ["true", "false"].includes(choice.toLowerCase()));
  return { name, label: name, kind: isSwitch ? "switch" : "list", choices, value: choices[0] ?? "", required: false };
}

function buildTypedField(name, { type, default: defaultValue, title, description, required }) {
  const kind = isSecret(name, type) ? "password" : type === "number" || type === "file" ? type : "text";
  const value = kind === "file" ? null : String(defaultValue ?? "");
  return { name, label: title ?? name, hint: description, kind, value, required: TRUE_WORDS.has(String(required).toLowerCase()) };
}

const isSecret = (name, type) => type === "secret" || SECRET_NAME.test(name.replaceAll("-", "_"));

export const getDefaultValues = (fields) => Object.fromEntries(fields.map((field) => [field.name, field.value]));

// Blank fields are left out: the service uses its own default.
export function collectParameters(fields, values) {
  const entries = fields
    .filter((field) => !isBlank(values[field.name]))
    .map((field) => [field.name, convertValue(field.kind, values[field.name])]);
  return Object.fromEntries(entries);
}

function convertValue(kind, value) {
  if (kind === "file") return value.url;
  return kind === "number" ? Number(value) : value;
}
