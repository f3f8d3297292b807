// A service's `optional_analysis_parameters` as form fields, and their values as `analysis_parameters` of a request.
import { readNumber } from "./numbers.js";
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

function buildTypedField(name, { type, default: defaultValue, title, description, required, suggestions }) {
  const value = type === "file" ? null : String(defaultValue ?? "");
  const choices = suggestions?.length ? [...new Set([...suggestions, value])].filter(Boolean) : undefined;
  const kind = choices ? "list" : getInputKind(name, type);
  const isRequired = TRUE_WORDS.has(String(required).toLowerCase());
  return { name, label: title ?? name, hint: description, kind, choices, value, required: isRequired };
}

function getInputKind(name, type) {
  if (isSecret(name, type)) return "password";
  return type === "number" || type === "file" ? type : "text";
}

const isSecret = (name, type) => type === "secret" || SECRET_NAME.test(name.replaceAll("-", "_"));

const MAIN_FIELDS = 4;

// The first four fields and those that are required, and all others.
export function splitFields(fields) {
  const isMain = (field, index) => index < MAIN_FIELDS || field.required;
  return [fields.filter(isMain), fields.filter((field, index) => !isMain(field, index))];
}

// The values of an earlier request, as the fields show them.
export const getEarlierValues = (fields, parameters) =>
  Object.fromEntries(
    fields
      .filter(({ name, kind }) => kind !== "file" && kind !== "password" && !isBlank(parameters[name]))
      .map(({ name }) => [name, String(parameters[name])]),
  );

export const getDefaultValues = (fields) => Object.fromEntries(fields.map((field) => [field.name, field.value]));

// Blank fields are left out: the service uses its own default. Throws if a number is none.
export function collectParameters(fields, values) {
  const entries = fields
    .filter((field) => !isBlank(values[field.name]))
    .map((field) => [field.name, convertValue(field, values[field.name])]);
  return Object.fromEntries(entries);
}

function convertValue({ kind, name }, value) {
  if (kind === "file") return value.url;
  return kind === "number" ? readNumber(value, name) : value;
}
