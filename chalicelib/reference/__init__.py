"""The reference of the API: an OpenAPI 3.1 document, and a page that is made of it.

Nothing in here is written twice: paths, permissions and summaries are those of the routes,
fields with their descriptions and examples those of the schemas. Only what no signature says,
the conventions of the API, is prose of its own (``conventions.md``). The routes import this
package when somebody asks for it, and not before: it is no part of a cold start.

``views`` says what the document needs to know of an operation, ``document`` puts it together from
``operations``, ``failures``, ``json_schemas``, ``examples`` and ``webhook``; ``page`` shows it.
"""
