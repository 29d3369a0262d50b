"""Documents of interfaces: answers of a gateway are held to the OpenAPI document while other tests ask for something."""

import re

import aiohttp

from sightline.ingest.openapi import document

PATHS = document()["paths"]


def operation(method, path):
    """What the document says of a call; None: nothing."""
    for template, methods in PATHS.items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template) + "/?", path):
            return methods.get(method.lower())
    return None


def held_to_document():
    """For a client: its calls of what the document knows are answered as the document says."""
    config = aiohttp.TraceConfig()

    async def ended(_session, _context, told):
        answer = told.response
        found = operation(told.method, told.url.raw_path)
        if found is None:
            return
        said = found["responses"].get(str(answer.status))
        assert said is not None, f"{told.method} {told.url.path}: {answer.status} is not documented"
        kinds = said.get("content", {})
        if kinds and answer.headers.get("Content-Length") != "0":
            assert answer.content_type in kinds, (told.method, told.url.path, answer.status)
        assert [name for name in said.get("headers", {}) if name not in answer.headers] == []

    config.on_request_end.append(ended)
    return config


def loose_references(document):
    """References within a document, and those of them that lead nowhere."""

    def within(value):
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            for part in value.values():
                yield from within(part)
        elif isinstance(value, list):
            for part in value:
                yield from within(part)

    def leads_somewhere(reference):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place.get(step, {})
        return bool(place)

    found = set(within(document))
    return found, {reference for reference in found if not leads_somewhere(reference)}
