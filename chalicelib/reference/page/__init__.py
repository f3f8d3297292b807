"""The reference as one page: HTML without anything from elsewhere, made from the OpenAPI document.

``markup`` writes HTML, ``fields`` shows schemas, ``samples`` requests, ``operation`` one operation,
``whole`` the page and the policy that lets a browser run nothing but what is in it.
"""
