"""Errors in the envelope that every answer of the API has."""

from __future__ import annotations

from aiohttp import web

__all__ = ["error"]


def error(status: int, message: str) -> web.Response:
    """Return an error as the API says it, readable by a page of another origin."""
    return web.json_response(
        {"status": "error", "message": message},
        status=status,
        headers={"Access-Control-Allow-Origin": "*"},
    )
