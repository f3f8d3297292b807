// Show the OpenAPI document of this page with Swagger UI, for reading only.
"use strict";

const openapi = JSON.parse(document.querySelector("#openapi").textContent);
for (const methods of Object.values(openapi.paths)) {
  for (const operation of Object.values(methods)) {
    // Swagger UI shows descriptions as Markdown, but summaries as plain text.
    operation.summary = operation.summary.replaceAll("`", "");
    operation.description = `${describePermission(operation.security)}\n\n${operation.description ?? ""}`;
  }
}

function describePermission(security) {
  if (security.length === 0) return "Needs no token.";
  if ("fitter" in security[0]) return "Needs the fitter's own token.";
  const [permission] = Object.values(security[0]).flat();
  return permission ? `Needs a token with the permission **${permission}**.` : "Needs a token.";
}

// Swagger UI itself filters by the names of tags only.
function filterOperations(tags, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return tags
    .map((tag, name) => tag.update("operations", (operations) => operations.filter((entry) => {
      const operation = entry.get("operation");
      const parameters = (operation.get("parameters") ?? []).map((parameter) => parameter.get("name"));
      const content = [
        name, entry.get("method"), entry.get("path"), operation.get("summary"), operation.get("description"),
        parameters.join(" "),
      ].join(" ").toLowerCase();
      return words.every((word) => content.includes(word));
    })))
    .filter((tag) => tag.get("operations").size > 0);
}

const hide = () => () => null;

SwaggerUIBundle({
  spec: openapi,
  dom_id: "#viewer",
  deepLinking: true,
  filter: true,
  supportedSubmitMethods: [],
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 2,
  plugins: [
    { fn: { opsFilter: filterOperations } },
    { wrapComponents: { authorizeBtn: hide, authorizeOperationBtn: hide } },
  ],
});

function search() {
  document.querySelector(".operation-filter-input").focus();
}

document.querySelector("#search").addEventListener("click", search);
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, textarea, select")) return;
  event.preventDefault();
  search();
});

const dark = matchMedia("(prefers-color-scheme: dark)");
const setScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", setScheme);
setScheme();
