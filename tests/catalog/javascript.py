"""Reads the requests that JavaScript packages send. Used by requests.py."""

import re

STRING = r"(?:'[^']*'|\"[^\"]*\"|`[^`]*`)"


def text_of(literal):
    """A string literal, `${…}` as {…}."""
    return re.sub(r"\$\{([^}]*)\}", r"{\1}", literal[1:-1])


def generated_client(folder):
    """@hubspot/api-client: each method of an API sets a path, then makes a request with its verb."""
    for file in sorted(folder.glob("package/lib/codegen/**/apis/*.js")):
        path = None
        for line in file.read_text().splitlines():
            if found := re.search(rf"const localVarPath = ({STRING})", line):
                path = text_of(found[1])
            if found := re.search(r"makeRequestContext\(localVarPath, http_1\.HttpMethod\.(\w+)\)", line):
                yield found[1], path


def hubspot(folder):
    """hubspot: each call hands `method` and `path` to the client, in one object."""
    for file in sorted(folder.glob("package/lib/*.js")):
        text = file.read_text()
        for found in re.finditer(rf"method: '(\w+)',\s*path: ({STRING})", text):
            yield found[1], text_of(found[2])
        # `deal/{id}/associations/{type}` and the pipelines take the verb after the path.
        for found in re.finditer(rf"path: ({STRING}),\s*method: '(\w+)'", text):
            yield found[2], text_of(found[1])


def n8n(folder):
    """The HubSpot nodes: a verb and an endpoint, written there or in the variable last assigned."""
    call = re.compile(rf"hubspotApiRequest\w*\.call\(this,\s*(?:'[a-zA-Z]+',\s*)?'(GET|POST|PUT|PATCH|DELETE)',\s*(endpoint|{STRING})")
    for file in sorted(folder.glob("package/dist/nodes/Hubspot/**/*.js")):
        endpoints, called = [], False
        for line in file.read_text().splitlines():
            if found := re.search(rf"(const|let)? ?endpoint = ({STRING})", line):
                # Another value of the same variable, with no call between: both are sent by the next one.
                endpoints = [text_of(found[2])] + ([] if called or found[1] else endpoints)
                called = False
            if found := call.search(line):
                called = called or found[2] == "endpoint"
                for path in endpoints if found[2] == "endpoint" else [text_of(found[2])]:
                    if path:
                        yield found[1], path
            if found := re.search(r"uri: 'https://api\.hubapi\.com(/[^']+)'", line):
                yield "GET", found[1]
