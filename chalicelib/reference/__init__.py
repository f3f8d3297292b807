"""The API reference: the OpenAPI 3.1 document and the page that shows it.

Paths, permissions and summaries come from the routes; fields, their descriptions and examples come from the
schemas. Only the conventions of the API, which no signature holds, are written here (``conventions.md``).
Imported on the first request for the reference, to keep cold starts short.

``schema_components``
    JSON Schemas of the project's types, and example values that fit them.
``error_responses``
    The errors that follow from a signature.
``openapi_operation``
    One operation of the document.
``openapi_document``
    The whole document, with the request that analysis services receive.
``viewer_page``
    The page: Swagger UI (``swagger_ui/``, copied by ``make vendor``) with our settings (``viewer/``).
"""
